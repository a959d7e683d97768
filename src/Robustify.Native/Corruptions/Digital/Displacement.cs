using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
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

    /// <summary>Samples the input, in [0, 1], at every pixel of <paramref name="destination"/>.</summary>
    public static void Apply(ReadOnlySpan<float> source, ReadOnlySpan<float> dx, ReadOnlySpan<float> dy, Image8 destination)
    {
        int width = destination.Width, height = destination.Height, channels = destination.Channels, at = 0;
        Span<byte> to = destination.Pixels;
        for (int y = 0; y < height; y++)
        {
            for (int x = 0; x < width; x++, at++)
            {
                var level = Vector128.ConvertToInt32(Sample(source, width, height, x + (double)dx[at], y + (double)dy[at]));
                to[at * channels] = (byte)level[0];
                if (channels == 3)
                {
                    to[at * 3 + 1] = (byte)level[1];
                    to[at * 3 + 2] = (byte)level[2];
                }
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<float> Sample(ReadOnlySpan<float> source, int width, int height, double inX, double inY)
    {
        double wholeX = Math.Floor(inX), wholeY = Math.Floor(inY), fractionX = inX - wholeX, fractionY = inY - wholeY;
        int left = (int)wholeX, top = (int)wholeY;
        int right = Border.Reflect(left + 1, width), bottom = Border.Reflect(top + 1, height) * width;
        left = Border.Reflect(left, width);
        top = Border.Reflect(top, height) * width;
        var sum = At(source, top + left) * ((1 - fractionY) * (1 - fractionX)) + At(source, top + right) * ((1 - fractionY) * fractionX)
            + At(source, bottom + left) * (fractionY * (1 - fractionX)) + At(source, bottom + right) * (fractionY * fractionX);
        var value = Vector256.Narrow(sum, sum).GetLower();
        return Vector128.Min(Vector128.Max(value, Vector128<float>.Zero), Vector128<float>.One) * 255f;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<double> At(ReadOnlySpan<float> source, int index)
    {
        var (low, high) = Vector128.Widen(Vector128.Create(source[(index * Lanes)..]));
        return Vector256.Create(low, high);
    }
}
