using System.Numerics.Tensors;

namespace Robustify.Native.Corruptions;

/// <summary>
/// The separable Gaussian of SciPy's <c>gaussian_filter</c> with mode "nearest": radius floor(4 sigma + 0.5), weights exp(-k^2 / 2 sigma^2)
/// normalised, down the columns first, then along the rows, centre tap first and the pairs from the outside in (the order decides the last bit).
/// </summary>
internal static class GaussianFilter
{
    private const double Truncate = 4;

    /// <summary>Filters an interleaved [height, width, channels] image in place; uses the scratch's second and third buffer.</summary>
    public static void Apply(Span<double> values, int width, int height, int channels, double sigma, CorruptionScratch scratch)
    {
        int radius = (int)(Truncate * sigma + 0.5), row = width * channels;
        if (radius == 0)
            return;
        Span<double> weights = radius < 64 ? stackalloc double[radius + 1] : new double[radius + 1];
        FillWeights(weights, sigma);

        Span<double> columns = scratch.Second(values.Length);
        Span<double> working = scratch.Third(row + (width + 2 * radius) * channels);
        Span<double> pair = working[..row], padded = working[row..];
        for (int y = 0; y < height; y++)
        {
            Span<double> sum = columns.Slice(y * row, row);
            TensorPrimitives.Multiply(Row(values, y, height, row), weights[0], sum);
            for (int k = radius; k > 0; k--)
                AddPair(Row(values, y - k, height, row), Row(values, y + k, height, row), weights[k], pair, sum);
        }

        for (int y = 0; y < height; y++)
        {
            Pad(columns.Slice(y * row, row), padded, radius, channels);
            Span<double> sum = values.Slice(y * row, row);
            TensorPrimitives.Multiply(padded.Slice(radius * channels, row), weights[0], sum);
            for (int k = radius; k > 0; k--)
                AddPair(padded.Slice((radius - k) * channels, row), padded.Slice((radius + k) * channels, row), weights[k], pair, sum);
        }
    }

    private static ReadOnlySpan<double> Row(ReadOnlySpan<double> values, int y, int height, int row) =>
        values.Slice(Math.Clamp(y, 0, height - 1) * row, row);

    private static void AddPair(ReadOnlySpan<double> before, ReadOnlySpan<double> after, double weight, Span<double> pair, Span<double> sum)
    {
        TensorPrimitives.AddMultiply(before, after, weight, pair);
        TensorPrimitives.Add(sum, pair, sum);
    }

    private static void Pad(ReadOnlySpan<double> from, Span<double> padded, int radius, int channels)
    {
        from.CopyTo(padded[(radius * channels)..]);
        for (int k = 0; k < radius; k++)
        {
            from[..channels].CopyTo(padded[(k * channels)..]);
            from[^channels..].CopyTo(padded[(radius * channels + from.Length + k * channels)..]);
        }
    }

    private static void FillWeights(Span<double> weights, double sigma)
    {
        int radius = weights.Length - 1;
        for (int k = 0; k <= radius; k++)
            weights[k] = Math.Exp(-0.5 / (sigma * sigma) * (k * k));
        double sum = NumPySum(weights, radius);
        for (int k = 0; k <= radius; k++)
            weights[k] /= sum;
    }

    // The sum over -radius..radius in NumPy's order (eight running sums, folded in pairs, then the rest): flat regions of an image come out
    // as a whole level or the last bit below it, and truncation shows the difference.
    private static double NumPySum(ReadOnlySpan<double> weights, int radius)
    {
        int length = 2 * radius + 1, whole = length - length % 8;
        double sum = 0;
        if (whole > 0)
        {
            Span<double> lanes = stackalloc double[8];
            lanes.Clear();
            for (int i = 0; i < whole; i++)
                lanes[i % 8] += weights[Math.Abs(i - radius)];
            sum = ((lanes[0] + lanes[1]) + (lanes[2] + lanes[3])) + ((lanes[4] + lanes[5]) + (lanes[6] + lanes[7]));
        }

        for (int i = whole; i < length; i++)
            sum += weights[Math.Abs(i - radius)];
        return sum;
    }
}
