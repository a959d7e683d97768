using Robustify.Kernels.Memory;

namespace Robustify.Native.Evaluation.Transfer;

/// <summary>Memory for the features of a set of images, of one or more kinds side by side in each row.</summary>
internal sealed unsafe class FeatureTable(int rows, int width, int kinds) : IDisposable
{
    private readonly NativeBuffer memory = new((long)rows * width * kinds * sizeof(float), "features");

    /// <summary>Images.</summary>
    public int Rows => rows;

    /// <summary>Floats of a row: all kinds.</summary>
    public int RowLength => width * kinds;

    /// <summary>Bytes of all rows.</summary>
    public long Bytes => memory.Bytes;

    /// <summary>All kinds of one image's features.</summary>
    public Span<float> Row(int row) => new((float*)memory.Pointer + (long)row * RowLength, RowLength);

    /// <summary>At most so many bytes from the given one on.</summary>
    public Span<byte> Piece(long first, int most) => new((byte*)memory.Pointer + first, (int)Math.Min(most, Bytes - first));

    /// <summary>The features of one kind.</summary>
    public FeatureRows Kind(int kind) => new(memory.Pointer + kind * width * sizeof(float), rows, width, RowLength);

    /// <inheritdoc/>
    public void Dispose() => memory.Dispose();
}
