using Robustify.Native.Data.Images;

namespace Robustify.Native.Corruptions;

/// <summary>
/// Buffers and tables that one worker reuses from image to image, so that corrupting allocates no managed memory once the largest size has
/// been seen (JPEG's codec excepted). Not safe for two threads at once.
/// </summary>
public sealed class CorruptionScratch
{
    private double[] first = [];
    private double[] second = [];
    private double[] third = [];
    private byte[] mask = [];

    internal Resampler Resampler { get; } = new();

    internal Image8 SmallImage { get; } = new(1, 1, 1);

    internal PoissonTable Poisson { get; } = new();

    internal Span<double> First(int length) => Grow(ref first, length);

    internal Span<double> Second(int length) => Grow(ref second, length);

    internal Span<double> Third(int length) => Grow(ref third, length);

    internal Span<byte> Mask(int length) => Grow(ref mask, length);

    private static Span<T> Grow<T>(ref T[] buffer, int length)
    {
        if (buffer.Length < length)
            buffer = new T[length];
        return buffer.AsSpan(0, length);
    }
}
