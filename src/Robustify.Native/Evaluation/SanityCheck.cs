using System.Globalization;
using Robustify.Native.Evaluation.Reference;
using Robustify.Native.Evaluation.Suites;

namespace Robustify.Native.Evaluation;

/// <summary>Holds the results of models with a known name against the published ones.</summary>
internal static class SanityCheck
{
    // Points: preprocessing of another protocol moves a figure by about so much; a wrong normalisation or class order by far more.
    private const double Tolerance = 2;

    /// <summary>A line for every figure farther from the published one than its interval and two points; mCE three.</summary>
    /// <param name="result">Of a model on ImageNet's classes.</param>
    /// <param name="names">The names it may be known by: the one for results, its file's.</param>
    /// <param name="isReleasedSet">
    /// Whether its corrupted images are the published files; those made in memory were never JPEG and differ by some points.
    /// </param>
    public static IEnumerable<string> Warnings(ModelResult result, IReadOnlyList<string> names, bool isReleasedSet)
    {
        var measured = new List<(string Measure, double Percent, double Margin)>();
        if (result.Metrics.TryGetValue(Condition.Clean, out var clean))
            measured.Add((SuiteNames.Clean, 100 * clean.Top1, Tolerance + 50 * (clean.Interval.High - clean.Interval.Low)));
        foreach (var shift in result.Shifts)
            measured.Add((shift.Suite, 100 * shift.Metrics.Top1, Tolerance + 50 * (shift.Metrics.Interval.High - shift.Metrics.Interval.Low)));
        if (isReleasedSet && result.Corruption is { Errors: { } errors } summary)
            measured.Add(("mce", errors.Mean, Tolerance + 1 + 50 * (summary.MainTop1.High - summary.MainTop1.Low)));
        foreach (var (measure, percent, margin) in measured)
        {
            if (PublishedFigures.Find(names, measure) is { } published && !(Math.Abs(percent - published.Percent) <= margin))
            {
                yield return string.Create(
                    CultureInfo.InvariantCulture,
                    $"{result.Name}: {measure} {percent:F1} found, {published.Percent:F1} published for {published.Model} by {published.Source}; "
                    + $"check preprocessing, mean and deviation, and the order of classes");
            }
        }
    }
}
