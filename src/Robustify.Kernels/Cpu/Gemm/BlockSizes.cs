namespace Robustify.Kernels.Cpu.Gemm;

/// <summary>
/// How a product is cut (Goto and van de Geijn, "Anatomy of high-performance matrix multiplication", 2008): a B panel of Depth x tile
/// columns stays in the first-level cache, an A block of Rows x Depth in the second, the packed B block of Depth x Columns in the third.
/// </summary>
internal static class BlockSizes
{
    /// <summary>Depth of one pass. Part of the result's bits: sums are cut here.</summary>
    public const int Depth = 384;

    /// <summary>Columns of B packed at a time.</summary>
    public const int Columns = 1536;

    /// <summary>Rows of an A block: a multiple of every tile height.</summary>
    public const int Rows = 96;

    /// <summary>Columns one piece of parallel work covers when there are too few row blocks: a multiple of every tile width.</summary>
    public const int PieceColumns = 256;

    /// <summary>Floats of scratch each worker needs for its A block.</summary>
    public const long WorkerFloats = (long)Rows * Depth;

    /// <summary>Floats of shared scratch for the packed B block.</summary>
    public const long SharedFloats = (long)Columns * Depth;
}
