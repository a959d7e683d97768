using Robustify.Native.Evaluation.Metrics;

namespace Robustify.Native.Evaluation;

/// <summary>All that a benchmark found, as results.json tells it.</summary>
internal sealed record RunResults
{
    /// <summary>The models in the order given.</summary>
    public required IReadOnlyList<ModelResult> Models { get; init; }

    /// <summary>What each cost.</summary>
    public Ledger Ledger { get; init; } = [];

    /// <summary>How it was measured: names and values in the order they are told.</summary>
    public IReadOnlyList<(string Name, string Value)> Protocol { get; init; } = [];

    /// <summary>What was measured on.</summary>
    public IReadOnlyList<SuiteDescription> Suites { get; init; } = [];

    /// <summary>The first model against each other one.</summary>
    public IReadOnlyList<ModelComparison> Comparisons { get; init; } = [];

    /// <summary>Corruptions whose figures, and means over them, do not compare with published ones, with the reason.</summary>
    public IReadOnlyList<(string Corruption, string Reason)> Caveats { get; init; } = [];

    /// <summary>One line each: missing classes, figures far from the published ones.</summary>
    public IReadOnlyList<string> Warnings { get; init; } = [];
}

/// <summary>One suite's data.</summary>
/// <param name="Name">As <c>--suite</c> takes it.</param>
/// <param name="Source">The images in words.</param>
/// <param name="Preprocessing">How they were brought to the models' size.</param>
/// <param name="Classes">Among what the models chose.</param>
/// <param name="Images">Images chosen for it; of a stored -C set, in each condition.</param>
/// <param name="Of">Images there are.</param>
/// <param name="Unreadable">Files that could not be read, with the reason; the first of them where there are many.</param>
/// <param name="UnreadableCount">How many could not.</param>
/// <param name="PassedOver">Files that are no pictures, and class folders left out by rule.</param>
internal sealed record SuiteDescription(
    string Name, string Source, string Preprocessing, string Classes, int Images, int Of, IReadOnlyList<string> Unreadable, long UnreadableCount,
    IReadOnlyList<string> PassedOver)
{
    /// <summary>As many files of a kind are told one by one; the others are counted.</summary>
    public const int MostListed = 100;
}

/// <summary>Two models on the same images.</summary>
/// <param name="First">Name of the one.</param>
/// <param name="Second">Name of the other.</param>
/// <param name="Measure"><c>clean_top1</c>, <c>corruption_mean_top1</c> or <c>SUITE_top1</c>.</param>
/// <param name="Result">Second minus first.</param>
internal sealed record ModelComparison(string First, string Second, string Measure, PairedBootstrap Result);
