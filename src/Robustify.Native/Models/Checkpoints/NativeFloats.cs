using System.Buffers;

namespace Robustify.Native.Models.Checkpoints;

/// <summary>Floats outside the managed heap (an arena's parameters) as memory that a writer can take. It owns nothing.</summary>
public sealed unsafe class NativeFloats : MemoryManager<float>
{
    private readonly float* start;
    private readonly int length;

    /// <param name="start">The first element; must stay valid as long as the memory is used.</param>
    /// <param name="length">Elements.</param>
    public NativeFloats(float* start, int length)
    {
        this.start = start;
        this.length = length;
    }

    /// <inheritdoc/>
    public override Span<float> GetSpan() => new(start, length);

    /// <inheritdoc/>
    public override MemoryHandle Pin(int elementIndex = 0) => new(start + elementIndex);

    /// <inheritdoc/>
    public override void Unpin()
    {
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
    }
}
