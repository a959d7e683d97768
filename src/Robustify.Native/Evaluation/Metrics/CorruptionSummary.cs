using Robustify.Native.Corruptions;

namespace Robustify.Native.Evaluation.Metrics;

/// <summary>One model under all corruptions. Means run over conditions, each with equal weight.</summary>
internal sealed record CorruptionSummary
{
    /// <summary>Mean accuracy over every corruption and severity measured, with the interval over images where they are paired.</summary>
    public required MeanInterval Top1 { get; init; }

    /// <summary>Mean top-5 accuracy.</summary>
    public required double Top5 { get; init; }

    /// <summary>Mean accuracy over the corruptions of the benchmark, without the four of validation; NaN where none was measured.</summary>
    public required MeanInterval MainTop1 { get; init; }

    /// <summary>Mean accuracy over the validation corruptions; NaN where none was measured.</summary>
    public required double ValidationTop1 { get; init; }

    /// <summary>Mean accuracy by group, in canonical order.</summary>
    public required IReadOnlyList<(string Group, double Top1)> Groups { get; init; }

    /// <summary>Mean accuracy by severity, over the corruptions of the benchmark where any was measured.</summary>
    public required IReadOnlyList<(int Severity, double Top1)> Severities { get; init; }

    /// <summary>The corruption of least mean accuracy.</summary>
    public required (string Name, double Top1) Worst { get; init; }

    /// <summary>Clean accuracy minus <see cref="Top1"/>; NaN without clean images.</summary>
    public required double Drop { get; init; }

    /// <summary><see cref="Top1"/> over clean accuracy.</summary>
    public required double Retention { get; init; }

    /// <summary>Mean of the conditions' figure.</summary>
    public required double FlipRate { get; init; }

    /// <summary>Mean of the conditions' figure.</summary>
    public required double NegativeLogLikelihood { get; init; }

    /// <summary>Mean of the conditions' figure.</summary>
    public required double Brier { get; init; }

    /// <summary>Mean of the conditions' figure.</summary>
    public required double Expected { get; init; }

    /// <summary>Mean of the conditions' figure.</summary>
    public required double RootMeanSquare { get; init; }

    /// <summary>Mean of the conditions' figure.</summary>
    public required double Aurra { get; init; }

    /// <summary>The bins of all conditions together.</summary>
    public required ReliabilityBin[] Bins { get; init; }

    /// <summary>Errors against AlexNet's; null unless the set is ImageNet's and all 15 corruptions have all severities.</summary>
    public required CorruptionErrors? Errors { get; init; }

    /// <summary>Sums up a model's conditions; null where none is corrupted.</summary>
    /// <param name="metrics">By condition, clean images among them or not.</param>
    /// <param name="imageInterval">Over images and all conditions; null where the conditions do not show the same images.</param>
    /// <param name="mainInterval">The same over the corruptions of the benchmark.</param>
    /// <param name="isImageNet">Whether the labels are ImageNet's 1000 classes, to which AlexNet's errors belong.</param>
    public static CorruptionSummary? Of(
        IReadOnlyDictionary<Condition, ConditionMetrics> metrics, MeanInterval? imageInterval, MeanInterval? mainInterval,
        bool isImageNet)
    {
        var all = metrics.Where(m => m.Key.Corruption is not null && m.Value.Images > 0)
            .Select(m => (Name: m.Key.Corruption!, m.Key.Severity, Group: PublishedGroups.Of(m.Key.Corruption!), m.Value)).ToArray();
        if (all.Length == 0)
            return null;
        var main = all.Where(c => c.Group != PublishedGroups.Validation).ToArray();
        double clean = metrics.TryGetValue(Condition.Clean, out var uncorrupted) ? uncorrupted.Top1 : double.NaN;
        double top1 = all.Average(c => c.Value.Top1);
        var bins = new ReliabilityBin[CalibrationErrors.BinCount];
        foreach (var condition in all)
        {
            for (int b = 0; b < bins.Length; b++)
                bins[b] = bins[b].Add(condition.Value.Calibration.Bins[b]);
        }

        return new()
        {
            Top1 = Around(top1, imageInterval),
            Top5 = all.Average(c => c.Value.Top5),
            MainTop1 = Around(Mean(main), mainInterval), ValidationTop1 = Mean(all.Where(c => c.Group == PublishedGroups.Validation)),
            Groups = [.. all.GroupBy(c => c.Group).OrderBy(g => PublishedGroups.Place(g.Key)).Select(g => (g.Key, Mean(g)))],
            Severities = [.. (main.Length > 0 ? main : all).GroupBy(c => c.Severity).OrderBy(g => g.Key).Select(g => (g.Key, Mean(g)))],
            Worst = all.GroupBy(c => c.Name).Select(g => (g.Key, Mean(g))).MinBy(c => c.Item2),
            Drop = clean - top1, Retention = top1 / clean,
            FlipRate = all.Average(c => c.Value.FlipRate), NegativeLogLikelihood = all.Average(c => c.Value.NegativeLogLikelihood),
            Brier = all.Average(c => c.Value.Brier), Expected = all.Average(c => c.Value.Calibration.Expected),
            RootMeanSquare = all.Average(c => c.Value.Calibration.RootMeanSquare), Aurra = all.Average(c => c.Value.Selective.Aurra),
            Bins = bins,
            Errors = isImageNet ? CorruptionErrors.Of(ErrorsBySeverity(main), 1 - clean) : null,
        };
    }

    private static MeanInterval Around(double mean, MeanInterval? interval) => interval is { } own ? own with { Mean = mean } : new(mean, double.NaN, double.NaN);

    private static double Mean(IEnumerable<(string, int, string, ConditionMetrics Value)> conditions) =>
        conditions.Select(c => c.Value.Top1).DefaultIfEmpty(double.NaN).Average();

    private static Dictionary<string, double[]> ErrorsBySeverity(
        IEnumerable<(string Name, int Severity, string, ConditionMetrics Value)> conditions) => conditions.GroupBy(c => c.Name)
        .Where(c => c.Count() == Corruption.MaxSeverity)
        .ToDictionary(c => c.Key, c => c.OrderBy(s => s.Severity).Select(s => 1 - s.Value.Top1).ToArray(), StringComparer.Ordinal);
}
