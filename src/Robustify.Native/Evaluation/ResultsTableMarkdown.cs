using System.Globalization;
using System.Text;
using Robustify.Native.Evaluation.Metrics;

namespace Robustify.Native.Evaluation;

/// <summary>results.md: a table for a README, models in columns, percent.</summary>
internal static class ResultsTableMarkdown
{
    // Behind the name of a figure that does not compare with published ones, or is a mean over one.
    private const string Mark = " \\*";

    /// <summary>The whole file.</summary>
    public static string Write(RunResults run)
    {
        var models = run.Models;
        var text = new StringBuilder();
        text.Append("| top-1 % | ").AppendJoin(" | ", models.Select(m => Escaped(m.Name))).Append(" |\n| --- |");
        text.Insert(text.Length, " ---: |", models.Count).Append('\n');
        foreach (var row in Rows(models))
        {
            string mark = run.Caveats.Any(c => row.Corruptions.Contains(c.Corruption)) ? Mark : "";
            if (models.Any(m => double.IsFinite(row.Value(m))))
                text.Append("| ").Append(row.Name).Append(mark).Append(" | ").AppendJoin(" | ", models.Select(row.Cell)).Append(" |\n");
        }

        foreach (var (corruption, reason) in run.Caveats)
            text.Append('\n').Append(Mark.TrimStart()).Append(' ').Append(corruption).Append(": ").Append(Escaped(reason)).Append('\n');
        text.Append("\nIn brackets the 95 % interval.\n");
        foreach (var (name, value) in run.Protocol)
            text.Append('\n').Append("- ").Append(Escaped(name)).Append(": ").Append(Escaped(value));
        foreach (var suite in run.Suites)
            text.Append(CultureInfo.InvariantCulture, $"\n- {suite.Name}: {suite.Images} of {suite.Of} images; {suite.Classes}; {suite.Preprocessing}");
        return text.Append('\n').ToString();
    }

    private static IEnumerable<Row> Rows(IReadOnlyList<ModelResult> models)
    {
        string[] measured = [.. models.SelectMany(m => m.Scores.Keys).Select(c => c.Corruption).OfType<string>().Distinct()];
        string[] main = [.. measured.Intersect(PublishedGroups.Main)], validation = [.. measured.Except(main)];
        yield return new("clean", m => 100 * m.Clean.Top1, []) { Interval = m => m.Metrics.GetValueOrDefault(Condition.Clean)?.Interval };
        yield return new("mean corruption", m => 100 * (m.Corruption?.MainTop1.Mean ?? double.NaN), main)
        {
            Interval = m => m.Corruption is { MainTop1: var mean } ? (mean.Low, mean.High) : null,
        };
        yield return new("mean validation corruption", m => 100 * (m.Corruption?.ValidationTop1 ?? double.NaN), validation);
        yield return new("mCE (against AlexNet, lower is better)", m => m.Corruption?.Errors?.Mean ?? double.NaN, main);
        yield return new("relative mCE", m => m.Corruption?.Errors?.RelativeMean ?? double.NaN, main);
        foreach (string group in models.SelectMany(m => m.Corruption?.Groups ?? []).Select(g => g.Group).Distinct().OrderBy(PublishedGroups.Place))
            yield return new(group, m => 100 * Find(m.Corruption?.Groups, g => g.Group == group, g => g.Top1), [.. measured.Where(c => PublishedGroups.Of(c) == group)]);
        foreach (string corruption in measured)
        {
            yield return new(corruption, m => 100 * m.Scores.Where(s => s.Key.Corruption == corruption)
                .Select(s => s.Value.Top1).DefaultIfEmpty(double.NaN).Average(), [corruption]);
        }

        foreach (string suite in models.SelectMany(m => m.Shifts).Select(s => s.Suite).Distinct())
        {
            ConditionMetrics? Of(ModelResult model) => model.Shifts.FirstOrDefault(s => s.Suite == suite)?.Metrics;
            yield return new(suite, m => 100 * (Of(m)?.Top1 ?? double.NaN), []) { Interval = m => Of(m)?.Interval };
        }
    }

    private static double Find<T>(IReadOnlyList<T>? items, Func<T, bool> isIt, Func<T, double> value) =>
        items is null ? double.NaN : items.Where(isIt).Select(value).DefaultIfEmpty(double.NaN).First();

    private static string Number(double value) => double.IsFinite(value) ? value.ToString("F1", CultureInfo.InvariantCulture) : "";

    private static string Escaped(string text) => text.Replace("|", "\\|", StringComparison.Ordinal).ReplaceLineEndings(" ");

    /// <summary>A line of the table.</summary>
    /// <param name="Name">What it tells.</param>
    /// <param name="Value">A model's figure, as it is printed.</param>
    /// <param name="Corruptions">What the figure is a mean over, clean images and shifted suites aside.</param>
    private sealed record Row(string Name, Func<ModelResult, double> Value, IReadOnlyList<string> Corruptions)
    {
        /// <summary>The figure's 95 % interval as fractions; null where it has none.</summary>
        public Func<ModelResult, (double Low, double High)?> Interval { get; init; } = _ => null;

        public string Cell(ModelResult model) => double.IsFinite(Value(model)) && Interval(model) is { } interval && double.IsFinite(interval.Low)
            ? $"{Number(Value(model))} ({Number(100 * interval.Low)} to {Number(100 * interval.High)})"
            : Number(Value(model));
    }
}
