using Robustify.Native.Evaluation.Metrics;

namespace Robustify.Native.Evaluation;

/// <summary>Right answers out of images seen.</summary>
/// <param name="Correct">Images whose most probable class is the label; ties go to the lower class.</param>
/// <param name="Images">Images seen.</param>
public readonly record struct Score(long Correct, long Images)
{
    /// <summary>The fraction that is right.</summary>
    public double Top1 => Images == 0 ? double.NaN : (double)Correct / Images;

    /// <summary>With one more answer.</summary>
    public Score Add(bool correct) => new(Correct + (correct ? 1 : 0), Images + 1);
}

/// <summary>Clean images, or one corruption at one severity.</summary>
/// <param name="Corruption">Name; null for clean images.</param>
/// <param name="Severity">1..5; 0 for clean images.</param>
public readonly record struct Condition(string? Corruption, int Severity)
{
    /// <summary>No corruption.</summary>
    public static Condition Clean => new(null, 0);
}

/// <summary>One model's scores.</summary>
public sealed class ModelResult(string name)
{
    /// <summary>Name in results.</summary>
    public string Name { get; } = name;

    /// <summary>Scores by condition, in the order measured.</summary>
    public Dictionary<Condition, Score> Scores { get; } = [];

    /// <summary>How often each head was chosen, by condition; empty for plain classifiers. Order: clean, unclean, combined.</summary>
    public Dictionary<Condition, long[]> HeadCounts { get; } = [];

    /// <summary>Scores of the other selectors, by name and condition; empty for plain classifiers.</summary>
    public SortedDictionary<string, Dictionary<Condition, Score>> Selectors { get; } = new(StringComparer.Ordinal);

    /// <summary>All figures by condition: clean images and corruptions.</summary>
    internal Dictionary<Condition, ConditionMetrics> Metrics { get; } = [];

    /// <summary>The corruptions together; null where none was measured.</summary>
    internal CorruptionSummary? Corruption { get; set; }

    /// <summary>The other suites, by name in the order measured.</summary>
    internal List<ShiftResult> Shifts { get; } = [];

    /// <summary>On clean images.</summary>
    public Score Clean => Scores.GetValueOrDefault(Condition.Clean);

    /// <summary>Mean accuracy over corruptions and severities; NaN where none was measured.</summary>
    public double MeanCorruptionTop1 => Mean(Scores);

    /// <summary>Mean accuracy over corruptions and severities of a set of scores.</summary>
    public static double Mean(Dictionary<Condition, Score> scores)
    {
        var corrupted = scores.Where(s => s.Key.Corruption is not null).Select(s => s.Value.Top1).ToArray();
        return corrupted.Length == 0 ? double.NaN : corrupted.Average();
    }
}
