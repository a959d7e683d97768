namespace Robustify.Native.Evaluation.Metrics;

/// <summary>A mean over images with its normal 95 % interval.</summary>
/// <param name="Mean">The mean.</param>
/// <param name="Low">Mean - 1.96 standard errors.</param>
/// <param name="High">Mean + 1.96 standard errors.</param>
internal readonly record struct MeanInterval(double Mean, double Low, double High)
{
    private const double NormalQuantile = 1.959963984540054;

    /// <summary>
    /// Of one value an image. An image under 75 conditions is one draw of an image, not 75: its conditions go up and down together, so
    /// their mean is the unit.
    /// </summary>
    public static MeanInterval Of(ReadOnlySpan<float> values)
    {
        double sum = 0, squares = 0;
        int count = 0;
        foreach (float value in values)
        {
            if (float.IsNaN(value))
                continue;
            count++;
            sum += value;
            squares += (double)value * value;
        }

        if (count < 2)
            return new(count == 0 ? double.NaN : sum, double.NaN, double.NaN);
        double mean = sum / count, error = Math.Sqrt(Math.Max(0, squares - count * mean * mean) / (count - 1) / count);
        return new(mean, mean - NormalQuantile * error, mean + NormalQuantile * error);
    }
}
