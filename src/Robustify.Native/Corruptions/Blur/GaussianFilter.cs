using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Robustify.Native.Corruptions.Pixels;

namespace Robustify.Native.Corruptions.Blur;

/// <summary>
/// SciPy's separable <c>gaussian_filter</c> in double precision: down the columns first, then along the rows, centre tap first and the pairs
/// from the outside in, each product and each sum rounded by itself. The order decides the last bit, which truncation shows in flat regions.
/// </summary>
internal static unsafe class GaussianFilter
{
    // Columns are walked in strips this wide, so that the rows under the kernel stay in the first-level cache.
    private const int Strip = 64;

    /// <summary>Filters an interleaved [height, width, channels] image in place; takes doubles 3 to 5 and integers 5 of the scratch.</summary>
    /// <param name="values">The image.</param>
    /// <param name="width">Columns.</param>
    /// <param name="height">Rows.</param>
    /// <param name="channels">Channels, filtered apart.</param>
    /// <param name="kernel">The weights.</param>
    /// <param name="mirrored">Whether the border is mirrored with its edge pixel repeated; otherwise the edge pixel alone is repeated.</param>
    /// <param name="scratch">The worker's buffers.</param>
    public static void Apply(
        Span<double> values, int width, int height, int channels, GaussianKernel kernel, bool mirrored, CorruptionScratch scratch)
    {
        if (kernel.Radius == 0)
            return;
        int row = width * channels;
        Span<double> columns = scratch.Doubles(4, values.Length);
        ReadOnlySpan<double> half = mirrored ? Fold(kernel, height, scratch) : kernel.Weights;
        Columns(values, columns, row, height, 0, height, half, mirrored, scratch);
        half = mirrored ? Fold(kernel, width, scratch) : kernel.Weights;
        for (int y = 0; y < height; y++)
            Row(columns.Slice(y * row, row), values.Slice(y * row, row), width, channels, half, mirrored, scratch);
    }

    /// <summary>Filters rows <paramref name="first"/> to <paramref name="end"/> down the columns; takes integers 5.</summary>
    internal static void Columns(
        ReadOnlySpan<double> values, Span<double> columns, int row, int height, int first, int end, ReadOnlySpan<double> half, bool mirrored,
        CorruptionScratch scratch)
    {
        int radius = half.Length - 1;
        Span<int> rows = scratch.Integers(5, end - first + 2 * radius);
        for (int i = 0; i < rows.Length; i++)
            rows[i] = row * (mirrored ? Border.Reflect(first + i - radius, height) : Border.Nearest(first + i - radius, height));
        fixed (double* from = values, to = columns, weights = half)
        {
            fixed (int* rowAt = rows)
                FilterColumns(from, to, row, end - first, rowAt, weights, radius);
        }
    }

    /// <summary>Filters one row along itself; takes doubles 5 and integers 5.</summary>
    internal static void Row(
        ReadOnlySpan<double> line, Span<double> filtered, int width, int channels, ReadOnlySpan<double> half, bool mirrored,
        CorruptionScratch scratch)
    {
        int radius = half.Length - 1;
        Span<double> padded = scratch.Doubles(5, (width + 2 * radius) * channels);
        Pad(line, padded, radius, width, channels, mirrored);
        Span<int> offsets = scratch.Integers(5, 2 * radius + 1);
        for (int k = -radius; k <= radius; k++)
            offsets[k + radius] = k * channels;
        fixed (double* from = padded, to = filtered, weights = half)
        {
            fixed (int* offset = offsets)
                Correlate(from + radius * channels, to, line.Length, offset + radius, weights, radius);
        }
    }

    // A mirrored line repeats after 2 n pixels, so weights 2 n apart fall on the same pixel: a kernel longer than that is folded.
    private static ReadOnlySpan<double> Fold(GaussianKernel kernel, int size, CorruptionScratch scratch) =>
        kernel.Radius <= size ? kernel.Weights : Fold(kernel, size, scratch.Doubles(3, size + 1));

    /// <summary>The weights for a mirrored line of <paramref name="size"/> pixels: of the pixels 0, 1, ... away, at most size.</summary>
    public static double[] Fold(GaussianKernel kernel, int size)
    {
        if (kernel.Radius <= size)
            return kernel.Weights;
        var folded = new double[size + 1];
        Fold(kernel, size, folded);
        return folded;
    }

    private static Span<double> Fold(GaussianKernel kernel, int size, Span<double> folded)
    {
        folded.Clear();
        for (int k = -kernel.Radius; k <= kernel.Radius; k++)
        {
            int at = ((k % (2 * size)) + 2 * size) % (2 * size); // 0..2 n - 1, of which n + j is the pixel n - j before
            if (at <= size)
                folded[at] += at == size ? kernel.Weights[Math.Abs(k)] / 2 : kernel.Weights[Math.Abs(k)];
        }

        return folded;
    }

    private static void FilterColumns(double* from, double* to, int row, int height, int* rowAt, double* weights, int radius)
    {
        for (int strip = 0; strip < row; strip += Strip)
        {
            int length = Math.Min(Strip, row - strip);
            for (int y = 0; y < height; y++)
                Correlate(from + strip, to + (long)y * row + strip, length, rowAt + y + radius, weights, radius);
        }
    }

    /// <summary>to[x] = sum over k of weights[|k|] from[x + offsets[k]], for k = -radius..radius.</summary>
    private static void Correlate(double* from, double* to, int length, int* offsets, double* weights, int radius)
    {
        int x = 0;
        for (; x <= length - 16; x += 16)
            Sixteen(from + x, to + x, offsets, weights, radius);
        for (; x < length; x++)
        {
            double sum = from[x + *offsets] * weights[0];
            for (int k = radius; k > 0; k--)
                sum += (from[x + offsets[-k]] + from[x + offsets[k]]) * weights[k];
            to[x] = sum;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Sixteen(double* from, double* to, int* offsets, double* weights, int radius)
    {
        double* middle = from + *offsets;
        var weight = Vector256.Create(weights[0]);
        var sum0 = Vector256.Load(middle) * weight;
        var sum1 = Vector256.Load(middle + 4) * weight;
        var sum2 = Vector256.Load(middle + 8) * weight;
        var sum3 = Vector256.Load(middle + 12) * weight;
        for (int k = radius; k > 0; k--)
        {
            double* a = from + offsets[-k];
            double* b = from + offsets[k];
            weight = Vector256.Create(weights[k]);
            sum0 += (Vector256.Load(a) + Vector256.Load(b)) * weight;
            sum1 += (Vector256.Load(a + 4) + Vector256.Load(b + 4)) * weight;
            sum2 += (Vector256.Load(a + 8) + Vector256.Load(b + 8)) * weight;
            sum3 += (Vector256.Load(a + 12) + Vector256.Load(b + 12)) * weight;
        }

        sum0.Store(to);
        sum1.Store(to + 4);
        sum2.Store(to + 8);
        sum3.Store(to + 12);
    }

    private static void Pad(ReadOnlySpan<double> from, Span<double> padded, int radius, int width, int channels, bool mirrored)
    {
        from.CopyTo(padded[(radius * channels)..]);
        for (int k = 0; k < radius; k++)
        {
            int left = mirrored ? Border.Reflect(k - radius, width) : 0, right = mirrored ? Border.Reflect(width + k, width) : width - 1;
            for (int channel = 0; channel < channels; channel++)
            {
                padded[k * channels + channel] = from[left * channels + channel];
                padded[(radius + width + k) * channels + channel] = from[right * channels + channel];
            }
        }
    }
}
