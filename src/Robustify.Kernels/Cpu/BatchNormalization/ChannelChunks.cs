namespace Robustify.Kernels.Cpu.BatchNormalization;

/// <summary>
/// How the rows of an image tensor [rows, channels] are shared out: chunks that stay in the second-level cache, so that a second look at
/// one costs no memory traffic. Their number depends on the shape alone, and partial sums are added in order: the bits are the same for
/// any number of workers.
/// </summary>
internal readonly struct ChannelChunks(int rows, int channels)
{
    private const int Elements = 16384;
    private const int FewestRows = 64;

    /// <summary>Rows of every chunk but the last.</summary>
    public int RowsPerChunk { get; } = Math.Max(FewestRows, Elements / channels);

    /// <summary>Number of chunks.</summary>
    public int Count => (rows + RowsPerChunk - 1) / RowsPerChunk;

    /// <summary>First row of chunk <paramref name="index"/>.</summary>
    public int First(int index) => index * RowsPerChunk;

    /// <summary>Rows of chunk <paramref name="index"/>.</summary>
    public int Length(int index) => Math.Min(RowsPerChunk, rows - First(index));
}
