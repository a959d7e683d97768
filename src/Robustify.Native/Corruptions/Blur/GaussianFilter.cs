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

    private const int Block = 16;

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
        fixed (int* rowAt = rows)
        {
            for (int strip = 0; strip < row; strip += Strip)
            {
                int stripEnd = Math.Min(strip + Strip, row), y = 0;
                for (; y < end - first - 1; y += 2)
                {
                    int x = strip;
                    for (; x <= stripEnd - Block; x += Block)
                        TwoRows(from + x, rowAt + y, to + (long)y * row + x, row, weights, radius);
                    Single(from, rowAt + y, to + (long)y * row, x, stripEnd, weights, radius);
                    Single(from, rowAt + y + 1, to + (long)(y + 1) * row, x, stripEnd, weights, radius);
                }

                if (y < end - first)
                    Single(from, rowAt + y, to + (long)y * row, strip, stripEnd, weights, radius);
            }
        }
    }

    /// <summary>Filters one row along itself; takes doubles 5.</summary>
    internal static void Row(
        ReadOnlySpan<double> line, Span<double> filtered, int width, int channels, ReadOnlySpan<double> half, bool mirrored,
        CorruptionScratch scratch)
    {
        int radius = half.Length - 1;
        Span<double> padded = scratch.Doubles(5, (width + 2 * radius) * channels);
        Pad(line, padded, radius, width, channels, mirrored);
        fixed (double* from = padded, to = filtered, weights = half)
        {
            int x = 0;
            for (; x <= line.Length - Block; x += Block)
                Along(from + x, to + x, channels, weights, radius);
            for (; x < line.Length; x++)
            {
                double* middle = from + x + radius * channels;
                double sum = *middle * weights[0];
                for (int k = radius; k > 0; k--)
                    sum += (middle[-k * channels] + middle[k * channels]) * weights[k];
                to[x] = sum;
            }
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

    // Sixteen places in two rows; of the four rows that a step needs, two are those of the step before.
    private static void TwoRows(double* from, int* rowAt, double* to, int row, double* weights, int radius)
    {
        double* above = from + rowAt[radius], below = from + rowAt[radius + 1];
        var weight = Vector256.Create(weights[0]);
        var (sum0, sum1, sum2, sum3) = (Vector256.Load(above) * weight, Vector256.Load(above + 4) * weight, Vector256.Load(above + 8) * weight, Vector256.Load(above + 12) * weight);
        var (low0, low1, low2, low3) = (Vector256.Load(below) * weight, Vector256.Load(below + 4) * weight, Vector256.Load(below + 8) * weight, Vector256.Load(below + 12) * weight);
        above = from + rowAt[0];
        below = from + rowAt[2 * radius + 1];
        var (a0, a1, a2, a3) = (Vector256.Load(above), Vector256.Load(above + 4), Vector256.Load(above + 8), Vector256.Load(above + 12));
        var (b0, b1, b2, b3) = (Vector256.Load(below), Vector256.Load(below + 4), Vector256.Load(below + 8), Vector256.Load(below + 12));
        for (int k = radius; k > 0; k--)
        {
            weight = Vector256.Create(weights[k]);
            below = from + rowAt[radius + k];
            above = from + rowAt[radius + 1 - k];
            var next = Vector256.Load(below);
            sum0 += (a0 + next) * weight;
            a0 = Vector256.Load(above);
            low0 += (a0 + b0) * weight;
            b0 = next;
            next = Vector256.Load(below + 4);
            sum1 += (a1 + next) * weight;
            a1 = Vector256.Load(above + 4);
            low1 += (a1 + b1) * weight;
            b1 = next;
            next = Vector256.Load(below + 8);
            sum2 += (a2 + next) * weight;
            a2 = Vector256.Load(above + 8);
            low2 += (a2 + b2) * weight;
            b2 = next;
            next = Vector256.Load(below + 12);
            sum3 += (a3 + next) * weight;
            a3 = Vector256.Load(above + 12);
            low3 += (a3 + b3) * weight;
            b3 = next;
        }

        Store(to, sum0, sum1, sum2, sum3);
        Store(to + row, low0, low1, low2, low3);
    }

    private static void Single(double* from, int* rowAt, double* to, int first, int end, double* weights, int radius)
    {
        for (int x = first; x < end; x++)
        {
            double sum = from[x + rowAt[radius]] * weights[0];
            for (int k = radius; k > 0; k--)
                sum += (from[x + rowAt[radius - k]] + from[x + rowAt[radius + k]]) * weights[k];
            to[x] = sum;
        }
    }

    private static void Along(double* from, double* to, int step, double* weights, int radius)
    {
        double* middle = from + radius * step, b = from + 2 * radius * step;
        var weight = Vector256.Create(weights[0]);
        var (sum0, sum1, sum2, sum3) = (Vector256.Load(middle) * weight, Vector256.Load(middle + 4) * weight, Vector256.Load(middle + 8) * weight, Vector256.Load(middle + 12) * weight);
        for (int k = radius; k > 0; k--, from += step, b -= step)
        {
            weight = Vector256.Create(weights[k]);
            sum0 += (Vector256.Load(from) + Vector256.Load(b)) * weight;
            sum1 += (Vector256.Load(from + 4) + Vector256.Load(b + 4)) * weight;
            sum2 += (Vector256.Load(from + 8) + Vector256.Load(b + 8)) * weight;
            sum3 += (Vector256.Load(from + 12) + Vector256.Load(b + 12)) * weight;
        }

        Store(to, sum0, sum1, sum2, sum3);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store(double* to, Vector256<double> sum0, Vector256<double> sum1, Vector256<double> sum2, Vector256<double> sum3)
    {
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
