using System.Globalization;
using System.Text;

namespace Robustify.Native.Workflows;

/// <summary>The quickstart's tables, once for the terminal and once as markdown.</summary>
public static class QuickstartReport
{
    /// <summary>Column titles of <see cref="Rows"/>.</summary>
    public static IReadOnlyList<string> Columns { get; } = ["", "original", "robust", "gain", "full tuning", "teacher"];

    /// <summary>One row for clean images, one a corruption (mean over severities), one for their mean; accuracies in percent.</summary>
    public static IEnumerable<string[]> Rows(QuickstartResult result)
    {
        yield return Row("clean", result, m => m.Clean.Top1);
        foreach (string corruption in result.Models[0].Scores.Keys.Select(c => c.Corruption).OfType<string>().Distinct())
            yield return Row(corruption, result, m => m.Scores.Where(s => s.Key.Corruption == corruption).Average(s => s.Value.Top1));
        if (result.Models[0].Scores.Keys.Any(c => c.Corruption is not null))
            yield return Row("mean corruption", result, m => m.MeanCorruptionTop1);
    }

    /// <summary>Column titles of <see cref="CostRows"/>.</summary>
    public static IReadOnlyList<string> CostColumns { get; } = ["cost", "seconds", "images", "trained parameters", "share of the large model"];

    /// <summary>What each phase cost.</summary>
    public static IEnumerable<string[]> CostRows(QuickstartResult result)
    {
        foreach (string phase in (string[])["teacher", "robust", "full_finetune"])
        {
            var cost = result.Ledger[phase];
            yield return
            [
                phase, Invariant($"{cost.Seconds:F1}"), Invariant($"{cost.Images:N0}"), Invariant($"{cost.TrainedParameters:N0}"),
                phase == "teacher" ? "" : Invariant($"{100.0 * cost.TrainedParameters / result.TotalParameters:F1} %"),
            ];
        }
    }

    /// <summary>How often each head answered, over all images.</summary>
    public static string HeadShares(QuickstartResult result)
    {
        var robust = result.Models.First(m => m.Name == "robust");
        long[] counts = [.. Enumerable.Range(0, 3).Select(head => robust.HeadCounts.Values.Sum(c => c[head]))];
        double total = Math.Max(1, counts.Sum());
        return Invariant($"heads chosen: clean {100 * counts[0] / total:F1} %, unclean {100 * counts[1] / total:F1} %, combined {100 * counts[2] / total:F1} %");
    }

    /// <summary>All of it as markdown.</summary>
    public static string Markdown(QuickstartResult result)
    {
        var text = new StringBuilder("# Quickstart\n\nTop-1 accuracy in percent; a corruption's row is the mean over severities 1 to 5.\n\n");
        Table(text, Columns, Rows(result));
        text.Append('\n');
        Table(text, CostColumns, CostRows(result));
        return text.Append('\n').Append(HeadShares(result)).Append('\n').ToString();
    }

    private static string[] Row(string name, QuickstartResult result, Func<Evaluation.ModelResult, double> accuracy)
    {
        double Of(string model) => accuracy(result.Models.First(m => m.Name == model));
        return
        [
            name, Percent(Of("original")), Percent(Of("robust")), Invariant($"{100 * (Of("robust") - Of("original")):+0.0;-0.0;0.0}"),
            Percent(Of("full_finetune")), Percent(Of("teacher")),
        ];
    }

    private static void Table(StringBuilder text, IReadOnlyList<string> columns, IEnumerable<string[]> rows)
    {
        text.Append("| ").AppendJoin(" | ", columns).Append(" |\n|").Insert(text.Length, " --- |", columns.Count).Append('\n');
        foreach (string[] row in rows)
            text.Append("| ").AppendJoin(" | ", row).Append(" |\n");
    }

    private static string Percent(double fraction) => Invariant($"{100 * fraction:F1}");

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
