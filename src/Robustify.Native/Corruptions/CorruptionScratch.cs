using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Robustify.Native.Data.Images;

namespace Robustify.Native.Corruptions;

/// <summary>
/// Buffers and tables that one worker reuses from image to image, so that corrupting allocates no managed memory once the largest size has
/// been seen (JPEG's codec excepted). Not safe for two threads at once.
/// </summary>
public sealed unsafe class CorruptionScratch
{
    private const int Slots = 6;
    private const int CacheLine = 64;

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

    // Pinned, so that the first element can be put on a cache line's first byte: a vector that crosses two lines is loaded twice.
    private static Span<T> Grow<T>(ref T[] buffer, int length)
        where T : unmanaged
    {
        int spare = CacheLine / Unsafe.SizeOf<T>();
        if (buffer.Length < length + spare)
            buffer = GC.AllocateArray<T>(length + spare, pinned: true);
        nuint address = (nuint)Unsafe.AsPointer(ref MemoryMarshal.GetArrayDataReference(buffer));
        int skip = (int)((nuint)(-(nint)address) % CacheLine) / Unsafe.SizeOf<T>();
        return buffer.AsSpan(skip, length);
    }
}
