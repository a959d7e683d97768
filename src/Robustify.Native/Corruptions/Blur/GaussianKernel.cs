using Robustify.Kernels.Tensors;
using Robustify.Native.Corruptions.Pixels;
using Robustify.Native.Data.Images;

namespace Robustify.Native.Corruptions.Blur;

/// <summary>
/// One half of SciPy's Gaussian: radius floor(truncate sigma + 0.5), weights exp(-k^2 / 2 sigma^2) normalised over both halves.
/// Built once for each severity.
/// </summary>
internal sealed class GaussianKernel
{
    private byte[]? flatBytes;

    /// <param name="sigma">Standard deviation in pixels; 0 is the identity.</param>
    /// <param name="truncate">Where the kernel is cut, in standard deviations.</param>
    public GaussianKernel(double sigma, double truncate = 4)
    {
        int radius = (int)(truncate * sigma + 0.5);
        Weights = new double[radius + 1];
        Singles = new float[radius + 1];
        if (radius == 0)
        {
            Weights[0] = Singles[0] = 1;
            return;
        }

        for (int k = 0; k <= radius; k++)
            Weights[k] = Math.Exp(-0.5 / (sigma * sigma) * (k * k));
        double sum = NumPySum(Weights, radius);
        for (int k = 0; k <= radius; k++)
            Singles[k] = (float)(Weights[k] /= sum);
    }

    /// <summary>Weight of the pixels k away, for k = 0..radius.</summary>
    public double[] Weights { get; }

    /// <summary><see cref="Weights"/> in single precision.</summary>
    public float[] Singles { get; }

    /// <summary>Pixels to either side.</summary>
    public int Radius => Weights.Length - 1;

    /// <summary>For each level the byte that an image of nothing else becomes.</summary>
    public ReadOnlySpan<byte> FlatBytes =>
        flatBytes ??= [.. Enumerable.Range(0, 256).Select(level => UnitRange.ToByte(Flat(Flat(UnitRange.Levels[level]))))];

    /// <summary>The weights on a device.</summary>
    public TensorView On(DeviceTables tables) => tables.Keep(this, "weights", () => Weights);

    /// <summary>The kernels of the five severities.</summary>
    public static GaussianKernel[] Of(params double[] sigmas) => [.. sigmas.Select(sigma => new GaussianKernel(sigma))];

    // One pass over equal values, rounded as GaussianFilter rounds it.
    private double Flat(double value)
    {
        double sum = value * Weights[0];
        for (int k = Radius; k > 0; k--)
            sum += (value + value) * Weights[k];
        return sum;
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
