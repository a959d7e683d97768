using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Robustify.Native.Corruptions.Pixels;

namespace Robustify.Native.Corruptions.Blur;

/// <summary>
/// ImageMagick's MotionBlur on 8-bit pixels: the pixel i steps along lies at (ceil(i cos a - 1/2), ceil(i sin a - 1/2)), edge pixels are
/// repeated. There an 8-bit value v is 257 v in 16 bits, the sum is rounded and then cut to 8 bits, so a level is floor(sum + 1/514).
/// </summary>
internal static unsafe class MotionFilter
{
    private const float HalfOf16Bits = 1f / 514;
    private const int Lanes = 8;

    /// <summary>Blurs an interleaved image; takes floats 0 and 1 and integers 0 of the scratch.</summary>
    /// <param name="pixels">The image.</param>
    /// <param name="blurred">Other memory of the same length.</param>
    /// <param name="width">Columns.</param>
    /// <param name="height">Rows.</param>
    /// <param name="channels">Channels.</param>
    /// <param name="kernel">The weights.</param>
    /// <param name="degrees">Angle of the motion, clockwise from the x axis (rows run downwards).</param>
    /// <param name="scratch">The worker's buffers.</param>
    public static void Apply(
        ReadOnlySpan<byte> pixels, Span<byte> blurred, int width, int height, int channels, MotionKernel kernel, double degrees,
        CorruptionScratch scratch)
    {
        int taps = kernel.Weights.Length, margin = taps * channels, row = width * channels, paddedRow = row + 2 * margin + 4 * Lanes;
        Span<float> padded = scratch.Floats(0, paddedRow * height), sums = scratch.Floats(1, row + 4 * Lanes);
        Span<int> offsets = scratch.Integers(0, 3 * taps), steps = offsets[taps..];
        Steps(degrees, steps);
        for (int y = 0; y < height; y++)
            PadRow(pixels.Slice(y * row, row), padded.Slice(y * paddedRow, paddedRow), margin, channels);

        fixed (float* start = padded, sum = sums, weights = kernel.Weights)
        {
            fixed (int* offset = offsets)
            {
                for (int y = 0; y < height; y++)
                {
                    for (int i = 0; i < taps; i++)
                        offset[i] = Border.Nearest(y + steps[2 * i + 1], height) * paddedRow + margin + steps[2 * i] * channels;
                    for (int x = 0; x < row; x += 4 * Lanes)
                        SumTaps(start + x, offset, weights, taps, sum + x);
                    PixelLanes.ToBytes(sums[..row], blurred.Slice(y * row, row));
                }
            }
        }
    }

    /// <summary>Where the pixels along the motion lie: steps[2 i] columns and steps[2 i + 1] rows away.</summary>
    public static void Steps(double degrees, Span<int> steps)
    {
        double radians = degrees * (Math.PI / 180), cosine = Math.Cos(radians), sine = Math.Sin(radians);
        for (int i = 0; 2 * i < steps.Length; i++)
            (steps[2 * i], steps[2 * i + 1]) = ((int)Math.Ceiling(i * cosine - 0.5), (int)Math.Ceiling(i * sine - 0.5));
    }

    private static void SumTaps(float* start, int* offset, float* weights, int taps, float* sums)
    {
        var sum0 = Vector256.Create(HalfOf16Bits);
        var (sum1, sum2, sum3) = (sum0, sum0, sum0);
        for (int i = 0; i < taps; i++)
        {
            float* from = start + offset[i];
            var weight = Vector256.Create(weights[i]);
            sum0 = Vector256.FusedMultiplyAdd(Vector256.Load(from), weight, sum0);
            sum1 = Vector256.FusedMultiplyAdd(Vector256.Load(from + Lanes), weight, sum1);
            sum2 = Vector256.FusedMultiplyAdd(Vector256.Load(from + 2 * Lanes), weight, sum2);
            sum3 = Vector256.FusedMultiplyAdd(Vector256.Load(from + 3 * Lanes), weight, sum3);
        }

        sum0.Store(sums);
        sum1.Store(sums + Lanes);
        sum2.Store(sums + 2 * Lanes);
        sum3.Store(sums + 3 * Lanes);
    }

    private static void PadRow(ReadOnlySpan<byte> from, Span<float> to, int margin, int channels)
    {
        PixelLanes.ToLevels(from, to[margin..]);
        int end = margin + from.Length;
        for (int x = 0; x < margin; x++)
            to[x] = from[x % channels];
        for (int x = end; x < to.Length; x++)
            to[x] = from[from.Length - channels + (x - end) % channels];
    }
}
