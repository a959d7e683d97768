namespace Robustify.Kernels.Cpu.Gemm;

/// <summary>What happens to a block of C once its last partial product is in, while it is still in the cache.</summary>
internal interface IEpilogue
{
    /// <summary>Finishes columns firstColumn .. firstColumn + columns - 1 of rows firstRow .. firstRow + rows - 1.</summary>
    void Finish(int firstRow, int rows, int firstColumn, int columns);
}

/// <summary>Leaves C as it is.</summary>
internal readonly struct NoEpilogue : IEpilogue
{
    public void Finish(int firstRow, int rows, int firstColumn, int columns)
    {
    }
}
