namespace Robustify.Native.Evaluation.Metrics;

/// <summary>One model's figures on one condition. Fractions are in 0..1; NaN where a figure has no meaning.</summary>
internal sealed record ConditionMetrics
{
    /// <summary>Images that were answered.</summary>
    public required long Images { get; init; }

    /// <summary>Right answers among them.</summary>
    public required long Correct { get; init; }

    /// <summary>Fraction with the label among the five most probable classes; of equal classes the lower stands first.</summary>
    public required double Top5 { get; init; }

    /// <summary>Fraction right over all of the model's classes, where the suite restricts them; else as <see cref="Top1"/>.</summary>
    public required double UnmaskedTop1 { get; init; }

    /// <summary>Mean -ln p(label), nats.</summary>
    public required double NegativeLogLikelihood { get; init; }

    /// <summary>Mean over images of the sum over classes of squared differences from the one-hot label, 0..2.</summary>
    public required double Brier { get; init; }

    /// <summary>Mean confidence.</summary>
    public required double Confidence { get; init; }

    /// <summary>Confidence against accuracy.</summary>
    public required CalibrationErrors Calibration { get; init; }

    /// <summary>What could be gained by answering only where confident.</summary>
    public required SelectiveAnswering Selective { get; init; }

    /// <summary>Fraction of images whose answer differs from that to the clean image; NaN where there is no clean pair.</summary>
    public double FlipRate { get; init; } = double.NaN;

    /// <summary>Images that could not be read.</summary>
    public long Unreadable { get; init; }

    /// <summary>How often each head answered, by its number; zeros for a plain classifier.</summary>
    public required long[] Heads { get; init; }

    /// <summary>Right answers of each selector, by its number.</summary>
    public required long[] Selectors { get; init; }

    /// <summary>Fraction right.</summary>
    public double Top1 => Images == 0 ? double.NaN : (double)Correct / Images;

    /// <summary>The 95 % interval of <see cref="Top1"/>.</summary>
    public (double Low, double High) Interval => BinomialInterval.Of(Correct, Images);
}
