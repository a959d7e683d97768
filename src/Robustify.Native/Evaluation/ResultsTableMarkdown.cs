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
        foreach (var (name, value, corruptions) in Rows(models))
        {
            string mark = run.Caveats.Any(c => corruptions.Contains(c.Corruption)) ? Mark : "";
            if (models.Any(m => double.IsFinite(value(m))))
                text.Append("| ").Append(name).Append(mark).Append(" | ").AppendJoin(" | ", models.Select(m => Number(value(m)))).Append(" |\n");
        }

        foreach (var (corruption, reason) in run.Caveats)
            text.Append('\n').Append(Mark.TrimStart()).Append(' ').Append(corruption).Append(": ").Append(Escaped(reason)).Append('\n');
        foreach (var (name, value) in run.Protocol)
            text.Append('\n').Append("- ").Append(Escaped(name)).Append(": ").Append(Escaped(value));
        return text.Append('\n').ToString();
    }

    private static IEnumerable<(string Name, Func<ModelResult, double> Value, IReadOnlyList<string> Corruptions)> Rows(IReadOnlyList<ModelResult> models)
    {
        string[] measured = [.. models.SelectMany(m => m.Scores.Keys).Select(c => c.Corruption).OfType<string>().Distinct()];
        string[] main = [.. measured.Intersect(PublishedGroups.Main)], validation = [.. measured.Except(main)];
        yield return ("clean", m => 100 * m.Clean.Top1, []);
        yield return ("mean corruption", m => 100 * (m.Corruption?.MainTop1.Mean ?? double.NaN), main);
        yield return ("mean validation corruption", m => 100 * (m.Corruption?.ValidationTop1 ?? double.NaN), validation);
        yield return ("mCE (against AlexNet, lower is better)", m => m.Corruption?.Errors?.Mean ?? double.NaN, main);
        yield return ("relative mCE", m => m.Corruption?.Errors?.RelativeMean ?? double.NaN, main);
        foreach (string group in models.SelectMany(m => m.Corruption?.Groups ?? []).Select(g => g.Group).Distinct().OrderBy(PublishedGroups.Place))
            yield return (group, m => 100 * Find(m.Corruption?.Groups, g => g.Group == group, g => g.Top1), [.. measured.Where(c => PublishedGroups.Of(c) == group)]);
        foreach (string corruption in measured)
        {
            yield return (corruption, m => 100 * m.Scores.Where(s => s.Key.Corruption == corruption)
                .Select(s => s.Value.Top1).DefaultIfEmpty(double.NaN).Average(), [corruption]);
        }

        foreach (string suite in models.SelectMany(m => m.Shifts).Select(s => s.Suite).Distinct())
            yield return (suite, m => 100 * (m.Shifts.FirstOrDefault(s => s.Suite == suite)?.Metrics.Top1 ?? double.NaN), []);
    }

    private static double Find<T>(IReadOnlyList<T>? items, Func<T, bool> isIt, Func<T, double> value) =>
        items is null ? double.NaN : items.Where(isIt).Select(value).DefaultIfEmpty(double.NaN).First();

    private static string Number(double value) => double.IsFinite(value) ? value.ToString("F1", CultureInfo.InvariantCulture) : "";

    private static string Escaped(string text) => text.Replace("|", "\\|", StringComparison.Ordinal).ReplaceLineEndings(" ");
}
