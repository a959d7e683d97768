namespace Robustify.Native.Evaluation.Metrics;

/// <summary>Images whose confidence falls in one bin: sums, so that bins of several conditions can be added.</summary>
/// <param name="Images">Their number.</param>
/// <param name="Correct">Right answers among them.</param>
/// <param name="ConfidenceSum">Sum of their confidences.</param>
internal readonly record struct ReliabilityBin(long Images, long Correct, double ConfidenceSum)
{
    /// <summary>Fraction right; NaN in an empty bin.</summary>
    public double Accuracy => Images == 0 ? double.NaN : (double)Correct / Images;

    /// <summary>Mean confidence; NaN in an empty bin.</summary>
    public double Confidence => Images == 0 ? double.NaN : ConfidenceSum / Images;

    /// <summary>Both bins together.</summary>
    public ReliabilityBin Add(ReliabilityBin other) => new(Images + other.Images, Correct + other.Correct, ConfidenceSum + other.ConfidenceSum);
}
