using Robustify.Native.Data.Images;

namespace Robustify.Native.Corruptions;

/// <summary>
/// Buffers and tables that one worker reuses from image to image, so that corrupting allocates no managed memory once the largest size has
/// been seen (JPEG's codec excepted). Not safe for two threads at once.
/// </summary>
public sealed class CorruptionScratch
{
    private const int Slots = 6;

    private readonly double[][] doubles = Empty<double>();
    private readonly float[][] floats = Empty<float>();
    private readonly int[][] integers = Empty<int>();
    private readonly byte[][] bytes = Empty<byte>();
    private ushort[] shorts = [];
    private uint[] words = [];

    internal Resampler Resampler { get; } = new();

    internal Image8 SmallImage { get; } = new(1, 1, 1);

    /// <summary>A buffer of that length with any content; a slot is one buffer, so a caller uses a slot for one thing at a time.</summary>
    internal Span<double> Doubles(int slot, int length) => Grow(ref doubles[slot], length);

    /// <inheritdoc cref="Doubles"/>
    internal Span<float> Floats(int slot, int length) => Grow(ref floats[slot], length);

    /// <inheritdoc cref="Doubles"/>
    internal Span<int> Integers(int slot, int length) => Grow(ref integers[slot], length);

    /// <inheritdoc cref="Doubles"/>
    internal Span<byte> Bytes(int slot, int length) => Grow(ref bytes[slot], length);

    internal Span<ushort> Shorts(int length) => Grow(ref shorts, length);

    /// <summary>For random words.</summary>
    internal Span<uint> Words(int length) => Grow(ref words, length);

    private static T[][] Empty<T>() => [.. Enumerable.Range(0, Slots).Select(_ => Array.Empty<T>())];

    private static Span<T> Grow<T>(ref T[] buffer, int length)
    {
        if (buffer.Length < length)
            buffer = new T[length];
        return buffer.AsSpan(0, length);
    }
}
