namespace Robustify.Native.Evaluation.Metrics;

/// <summary>
/// Accuracy under a shift beyond what clean accuracy explains (Taori et al. 2020): accuracy - beta(clean accuracy), where beta is a line
/// in logit space, logit(shifted) = a logit(clean) + b, least squares over 48 standard models of imagenet-testbed. Clean accuracy is that
/// on the same classes.
/// </summary>
/// <param name="Slope">a.</param>
/// <param name="Offset">b.</param>
internal readonly record struct EffectiveRobustness(double Slope, double Offset)
{
    /// <summary>
    /// The line of a suite; null for one without. ImageNet-A's is one line where the testbed fits two pieces, and a poor one.
    /// </summary>
    public static EffectiveRobustness? OfSuite(string suite) => suite switch
    {
        "imagenet-v2" => new(0.9245, -0.5034),
        "imagenet-r" => new(0.6552, -2.1524),
        "imagenet-sketch" => new(1.1694, -2.4994),
        "objectnet" => new(1.0278, -1.9740),
        "imagenet-a" => new(1.7301, -7.0828),
        _ => null,
    };

    /// <summary>What a standard model of that clean accuracy (a fraction) reaches.</summary>
    public double Expected(double clean) => 1 / (1 + Math.Exp(-(Slope * Math.Log(clean / (1 - clean)) + Offset)));

    /// <summary>Accuracy beyond it, a fraction; NaN at a clean accuracy of 0 or 1, which has no logit.</summary>
    public double Of(double clean, double shifted) => clean is > 0 and < 1 ? shifted - Expected(clean) : double.NaN;
}
