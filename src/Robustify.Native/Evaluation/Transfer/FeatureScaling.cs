namespace Robustify.Native.Evaluation.Transfer;

/// <summary>
/// Features less their mean, times one number that makes their average variance 1: directions keep their proportions, and a penalty means
/// the same for models whose features differ in size.
/// </summary>
internal sealed class FeatureScaling
{
    private readonly double[] mean;
    private readonly double scale;

    private FeatureScaling(double[] mean, double scale) => (this.mean, this.scale) = (mean, scale);

    /// <summary>Mean and variance of all rows.</summary>
    public static FeatureScaling Of(FeatureRows features)
    {
        double[] mean = new double[features.Width];
        double squares = 0;
        for (int row = 0; row < features.Count; row++)
        {
            var values = features[row];
            for (int i = 0; i < mean.Length; i++)
                mean[i] += values[i];
        }

        for (int i = 0; i < mean.Length; i++)
            mean[i] /= features.Count;
        for (int row = 0; row < features.Count; row++)
        {
            var values = features[row];
            for (int i = 0; i < mean.Length; i++)
                squares += (values[i] - mean[i]) * (values[i] - mean[i]);
        }

        double variance = squares / ((double)features.Count * mean.Length);
        return new(mean, variance > 0 ? 1 / Math.Sqrt(variance) : 1);
    }

    /// <summary>Writes one image's scaled features.</summary>
    public void Apply(ReadOnlySpan<float> features, Span<double> scaled)
    {
        for (int i = 0; i < mean.Length; i++)
            scaled[i] = (features[i] - mean[i]) * scale;
    }
}
