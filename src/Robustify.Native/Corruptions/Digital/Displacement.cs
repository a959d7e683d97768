using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Robustify.Native.Corruptions.Pixels;
using Robustify.Native.Data.Images;

namespace Robustify.Native.Corruptions.Digital;

/// <summary>
/// SciPy's <c>map_coordinates</c> of order 1 with mirrored borders: the output at (x, y) is the input at (x + dx, y + dy), interpolated in
/// double precision and rounded to single, clipped to [0, 1], times 255, truncated.
/// </summary>
internal static class Displacement
{
    /// <summary>Floats a pixel of the input.</summary>
    public const int Lanes = 4;

    private const int Together = 4;

    /// <summary>Samples the input, in [0, 1], at every pixel of <paramref name="destination"/>.</summary>
    public static void Apply(ReadOnlySpan<float> source, ReadOnlySpan<float> dx, ReadOnlySpan<float> dy, Image8 destination)
    {
        int width = destination.Width, height = destination.Height, channels = destination.Channels;
        Span<byte> to = destination.Pixels;
        var weights = new Weights();
        for (int y = 0, at = 0; y < height; y++)
        {
            int x = 0;
            for (; x <= width - Together; x += Together, at += Together)
            {
                var (left, top) = Place(x, y, dx[at..], dy[at..], ref weights);
                for (int i = 0; i < Together; i++)
                    Store(Sample(source, width, height, left[i], top[i], weights, i), to, (at + i) * channels, channels);
            }

            for (; x < width; x++, at++)
            {
                Span<float> oneX = [dx[at], 0, 0, 0], oneY = [dy[at], 0, 0, 0];
                var (left, top) = Place(x, y, oneX, oneY, ref weights);
                Store(Sample(source, width, height, left[0], top[0], weights, 0), to, at * channels, channels);
            }
        }
    }

    // Whole and fractional parts of four places of a row; of the latter, the weights of the four pixels around each.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static (Vector128<int> Left, Vector128<int> Top) Place(int x, int y, ReadOnlySpan<float> dx, ReadOnlySpan<float> dy, ref Weights weights)
    {
        var inX = Vector256.Create((double)x) + Vector256.Create(0.0, 1, 2, 3) + Widen(dx);
        var inY = Vector256.Create((double)y) + Widen(dy);
        Vector256<double> wholeX = Vector256.Floor(inX), wholeY = Vector256.Floor(inY), one = Vector256<double>.One;
        Vector256<double> fractionX = inX - wholeX, fractionY = inY - wholeY;
        ((one - fractionY) * (one - fractionX)).CopyTo(weights[..4]);
        ((one - fractionY) * fractionX).CopyTo(weights[4..8]);
        (fractionY * (one - fractionX)).CopyTo(weights[8..12]);
        (fractionY * fractionX).CopyTo(weights[12..16]);
        return (ToInt32(wholeX), ToInt32(wholeY));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<int> Sample(ReadOnlySpan<float> source, int width, int height, int left, int top, in Weights weights, int i)
    {
        int right = Border.Reflect(left + 1, width), bottom = Border.Reflect(top + 1, height) * width;
        left = Border.Reflect(left, width);
        top = Border.Reflect(top, height) * width;
        var sum = At(source, top + left) * weights[i] + At(source, top + right) * weights[4 + i]
            + At(source, bottom + left) * weights[8 + i] + At(source, bottom + right) * weights[12 + i];
        var value = Vector256.Narrow(sum, sum).GetLower();
        return Vector128.ConvertToInt32(Vector128.Min(Vector128.Max(value, Vector128<float>.Zero), Vector128<float>.One) * 255f);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store(Vector128<int> level, Span<byte> to, int at, int channels)
    {
        uint bytes = Vector128.Shuffle(level.AsByte(), Vector128.Create((byte)0, 4, 8, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)).AsUInt32().ToScalar();
        if (channels == 3 && at + sizeof(uint) <= to.Length)
            Unsafe.WriteUnaligned(ref to[at], bytes); // the fourth byte is written again by the next pixel
        else
        {
            for (int channel = 0; channel < channels; channel++)
                to[at + channel] = (byte)(bytes >> (8 * channel));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<double> Widen(ReadOnlySpan<float> values)
    {
        var (low, high) = Vector128.Widen(Vector128.Create(values));
        return Vector256.Create(low, high);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<int> ToInt32(Vector256<double> whole) =>
        Avx.IsSupported ? Avx.ConvertToVector128Int32WithTruncation(whole) : Vector128.Create((int)whole[0], (int)whole[1], (int)whole[2], (int)whole[3]);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<double> At(ReadOnlySpan<float> source, int index) => Widen(source[(index * Lanes)..]);

    /// <summary>Four weights of each of four places.</summary>
    [InlineArray(16)]
    private struct Weights
    {
        private double first;
    }
}
