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
        ReadOnlySpan<double> half = mirrored ? Fold(kernel, height, scratch) : kernel.Weights;
        int radius = half.Length - 1, row = width * channels;
        Span<double> columns = scratch.Doubles(4, values.Length);
        Span<int> rows = scratch.Integers(5, height + 2 * radius);
        for (int y = 0; y < rows.Length; y++)
            rows[y] = row * (mirrored ? Border.Reflect(y - radius, height) : Border.Nearest(y - radius, height));

        fixed (double* from = values, to = columns, weights = half)
        {
            fixed (int* rowAt = rows)
                FilterColumns(from, to, row, height, rowAt, weights, radius);
        }

        half = mirrored ? Fold(kernel, width, scratch) : kernel.Weights;
        radius = half.Length - 1;
        Span<double> padded = scratch.Doubles(5, (width + 2 * radius) * channels);
        for (int y = 0; y < height; y++)
        {
            Pad(columns.Slice(y * row, row), padded, radius, width, channels, mirrored);
            fixed (double* from = padded, to = values.Slice(y * row, row), weights = half)
                FilterRow(from + radius * channels, to, row, channels, weights, radius);
        }
    }

    // A mirrored line repeats after 2 n pixels, so weights 2 n apart fall on the same pixel: a kernel longer than that is folded.
    private static ReadOnlySpan<double> Fold(GaussianKernel kernel, int size, CorruptionScratch scratch)
    {
        if (kernel.Radius <= size)
            return kernel.Weights;
        Span<double> folded = scratch.Doubles(3, size + 1);
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
            int end = Math.Min(strip + Strip, row);
            for (int y = 0; y < height; y++)
            {
                int* centre = rowAt + y + radius;
                int x = strip;
                for (; x <= end - 16; x += 16)
                {
                    double* at = from + x;
                    double* middle = at + *centre;
                    var weight = Vector256.Create(weights[0]);
                    var sum0 = Vector256.Load(middle) * weight;
                    var sum1 = Vector256.Load(middle + 4) * weight;
                    var sum2 = Vector256.Load(middle + 8) * weight;
                    var sum3 = Vector256.Load(middle + 12) * weight;
                    for (int k = radius; k > 0; k--)
                    {
                        double* above = at + centre[-k];
                        double* below = at + centre[k];
                        weight = Vector256.Create(weights[k]);
                        sum0 += Pair(above, below, weight);
                        sum1 += Pair(above + 4, below + 4, weight);
                        sum2 += Pair(above + 8, below + 8, weight);
                        sum3 += Pair(above + 12, below + 12, weight);
                    }

                    double* target = to + (long)y * row + x;
                    sum0.Store(target);
                    sum1.Store(target + 4);
                    sum2.Store(target + 8);
                    sum3.Store(target + 12);
                }

                for (; x < end; x++)
                {
                    double sum = from[*centre + x] * weights[0];
                    for (int k = radius; k > 0; k--)
                        sum += (from[centre[-k] + x] + from[centre[k] + x]) * weights[k];
                    to[(long)y * row + x] = sum;
                }
            }
        }
    }

    private static void FilterRow(double* from, double* to, int row, int channels, double* weights, int radius)
    {
        int x = 0;
        for (; x <= row - 16; x += 16)
        {
            double* middle = from + x;
            var weight = Vector256.Create(weights[0]);
            var sum0 = Vector256.Load(middle) * weight;
            var sum1 = Vector256.Load(middle + 4) * weight;
            var sum2 = Vector256.Load(middle + 8) * weight;
            var sum3 = Vector256.Load(middle + 12) * weight;
            for (int k = radius; k > 0; k--)
            {
                double* left = middle - k * channels;
                double* right = middle + k * channels;
                weight = Vector256.Create(weights[k]);
                sum0 += Pair(left, right, weight);
                sum1 += Pair(left + 4, right + 4, weight);
                sum2 += Pair(left + 8, right + 8, weight);
                sum3 += Pair(left + 12, right + 12, weight);
            }

            sum0.Store(to + x);
            sum1.Store(to + x + 4);
            sum2.Store(to + x + 8);
            sum3.Store(to + x + 12);
        }

        for (; x < row; x++)
        {
            double sum = from[x] * weights[0];
            for (int k = radius; k > 0; k--)
                sum += (from[x - k * channels] + from[x + k * channels]) * weights[k];
            to[x] = sum;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<double> Pair(double* a, double* b, Vector256<double> weight) => (Vector256.Load(a) + Vector256.Load(b)) * weight;

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
