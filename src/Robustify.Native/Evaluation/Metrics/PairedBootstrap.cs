using Robustify.Kernels.Random;

namespace Robustify.Native.Evaluation.Metrics;

/// <summary>
/// The difference of two models on the same images with its 95 % percentile interval: images are drawn with replacement, both models keep
/// their answers to each. Draws are Philox's under (seed, <see cref="RandomPurpose.Bootstrap"/>, resample).
/// </summary>
/// <param name="Difference">Mean of second - first.</param>
/// <param name="Low">2.5 % quantile over the resamples.</param>
/// <param name="High">97.5 % quantile.</param>
/// <param name="Images">Images that both answered.</param>
internal readonly record struct PairedBootstrap(double Difference, double Low, double High, int Images)
{
    /// <summary>Resamples: the quantiles of 1000 are known to about a tenth of the interval's width.</summary>
    public const int Resamples = 1000;

    /// <summary>Compares two models by one value an image; NaN where an image has none.</summary>
    public static PairedBootstrap Of(ReadOnlySpan<float> first, ReadOnlySpan<float> second, ulong seed)
    {
        float[] differences = new float[first.Length];
        int count = 0;
        for (int i = 0; i < first.Length; i++)
        {
            float difference = second[i] - first[i];
            if (!float.IsNaN(difference))
                differences[count++] = difference;
        }

        if (count == 0)
            return new(double.NaN, double.NaN, double.NaN, 0);
        double[] means = new double[Resamples];
        var random = new PhiloxStream(seed, RandomPurpose.Bootstrap, 0, 0);
        for (int r = 0; r < Resamples; r++)
        {
            random.Reset(seed, (uint)RandomPurpose.Bootstrap, 0, (uint)r);
            double sum = 0;
            for (int i = 0; i < count; i++)
                sum += differences[(int)((ulong)random.NextWord() * (uint)count >> 32)];
            means[r] = sum / count;
        }

        Array.Sort(means);
        return new(Mean(differences.AsSpan(0, count)), Quantile(means, 0.025), Quantile(means, 0.975), count);
    }

    private static double Mean(ReadOnlySpan<float> values)
    {
        double sum = 0;
        foreach (float value in values)
            sum += value;
        return sum / values.Length;
    }

    // Linear between order statistics.
    private static double Quantile(double[] sorted, double fraction)
    {
        double place = fraction * (sorted.Length - 1);
        int below = (int)place;
        return sorted[below] + (place - below) * (sorted[Math.Min(below + 1, sorted.Length - 1)] - sorted[below]);
    }
}
