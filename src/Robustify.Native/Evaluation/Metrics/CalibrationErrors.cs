namespace Robustify.Native.Evaluation.Metrics;

/// <summary>
/// How far confidence is from accuracy, without temperature scaling. <see cref="Expected"/> is the L1 error over 15 bins of equal width,
/// bin b holding (b-1)/15 &lt; confidence &lt;= b/15; <see cref="Adaptive"/> the same over 15 bins of equal mass.
/// </summary>
internal sealed record CalibrationErrors
{
    /// <summary>Bins of the expected calibration error.</summary>
    public const int BinCount = 15;

    // Images a bin of the RMS error, as in the code of Hendrycks et al. (ICLR 2019, "Deep anomaly detection with outlier exposure").
    private const int MassOfBin = 100;

    /// <summary>ECE.</summary>
    public required double Expected { get; init; }

    /// <summary>ECE over bins of equal mass.</summary>
    public required double Adaptive { get; init; }

    /// <summary>RMS calibration error: sqrt(sum n_b/N (accuracy_b - confidence_b)^2) over bins of 100 images sorted by confidence.</summary>
    public required double RootMeanSquare { get; init; }

    /// <summary>
    /// The same as the published helper computes it: its loop ends before the last bin, the most confident one. NaN below two bins.
    /// </summary>
    public required double RootMeanSquareAsPublished { get; init; }

    /// <summary>The bins of <see cref="Expected"/>.</summary>
    public required ReliabilityBin[] Bins { get; init; }

    /// <summary>From images in order of falling confidence.</summary>
    public static CalibrationErrors Of(RankedAnswers answers)
    {
        int count = answers.Count;
        var bins = new ReliabilityBin[BinCount];
        for (int i = 0; i < count; i++)
        {
            double confidence = answers.Confidence(i);
            ref var bin = ref bins[Math.Clamp((int)Math.Ceiling(confidence * BinCount) - 1, 0, BinCount - 1)];
            bin = bin.Add(new(1, answers.IsCorrect(i) ? 1 : 0, confidence));
        }

        double adaptive = 0;
        for (int b = 0; b < BinCount; b++)
            adaptive += Weighted(answers, (int)((long)count * b / BinCount), (int)((long)count * (b + 1) / BinCount), power: 1);
        var (all, published) = RootMeanSquares(answers);
        return new()
        {
            Expected = OfBins(bins), Adaptive = count == 0 ? double.NaN : adaptive, RootMeanSquare = all, RootMeanSquareAsPublished = published,
            Bins = bins,
        };
    }

    /// <summary>sum n_b/N |accuracy_b - confidence_b|.</summary>
    public static double OfBins(ReadOnlySpan<ReliabilityBin> bins)
    {
        long images = 0;
        double sum = 0;
        foreach (var bin in bins)
        {
            images += bin.Images;
            sum += Math.Abs(bin.Correct - bin.ConfidenceSum);
        }

        return images == 0 ? double.NaN : sum / images;
    }

    // The bins count from the least confident image; the last one also holds what is left over, and is the first in our order.
    private static (double All, double Published) RootMeanSquares(RankedAnswers answers)
    {
        int count = answers.Count, bins = Math.Max(1, count / MassOfBin);
        if (count == 0)
            return (double.NaN, double.NaN);
        double below = 0;
        for (int b = 0; b < bins - 1; b++)
            below += Weighted(answers, count - (b + 1) * MassOfBin, count - b * MassOfBin, power: 2);
        double last = Weighted(answers, 0, count - (bins - 1) * MassOfBin, power: 2);
        return (Math.Sqrt(below + last), bins < 2 ? double.NaN : Math.Sqrt(below));
    }

    /// <summary>n_b/N |accuracy_b - confidence_b|^power of the images at ranks first..end-1.</summary>
    private static double Weighted(RankedAnswers answers, int first, int end, int power)
    {
        if (end <= first)
            return 0;
        double confidence = 0, correct = 0;
        for (int i = first; i < end; i++)
        {
            confidence += answers.Confidence(i);
            correct += answers.IsCorrect(i) ? 1 : 0;
        }

        double gap = Math.Abs(correct - confidence) / (end - first);
        return (double)(end - first) / answers.Count * (power == 1 ? gap : gap * gap);
    }
}
