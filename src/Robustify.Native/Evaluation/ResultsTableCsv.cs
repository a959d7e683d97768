using System.Globalization;
using System.Text;
using Robustify.Native.Evaluation.Metrics;

namespace Robustify.Native.Evaluation;

/// <summary>results.csv: a line a model and condition, every figure a column, fractions in 0..1, empty where there is no value;
/// the last columns say how all of them were measured, and why a figure does not compare with published ones.</summary>
internal static class ResultsTableCsv
{
    private const string Header = "model,suite,corruption,severity,group,images,unreadable,top1,top1_low,top1_high,top5,unmasked_top1,"
        + "nll,brier,confidence,ece,ece_adaptive,rms_calibration,aurra,selective_top1_at_0.8,flip_rate,protocol,not_comparable\n";

    /// <summary>The whole file.</summary>
    public static string Write(RunResults run)
    {
        var text = new StringBuilder(Header);
        string protocol = Quoted(string.Join("; ", run.Protocol.Select(p => $"{p.Name}: {p.Value}")));
        foreach (var model in run.Models)
        {
            foreach (var (condition, metrics) in model.Metrics)
            {
                string group = condition.Corruption is null ? "" : PublishedGroups.Of(condition.Corruption);
                Line(text, model.Name, condition.Corruption is null ? "clean" : "corruption", condition, group, metrics, Caveat(run, condition), protocol);
            }

            foreach (var shift in model.Shifts)
                Line(text, model.Name, shift.Suite, Condition.Clean, "", shift.Metrics, "", protocol);
        }

        return text.ToString();
    }

    private static string Caveat(RunResults run, Condition condition) =>
        run.Caveats.Where(c => c.Corruption == condition.Corruption).Select(c => c.Reason).FirstOrDefault("");

    private static void Line(
        StringBuilder text, string model, string suite, Condition condition, string group, ConditionMetrics metrics, string caveat,
        string protocol)
    {
        var (low, high) = metrics.Interval;
        text.Append(Quoted(model)).Append(',').Append(suite).Append(',').Append(condition.Corruption).Append(',');
        text.Append(condition.Corruption is null ? "" : condition.Severity.ToString(CultureInfo.InvariantCulture)).Append(',').Append(group);
        text.Append(CultureInfo.InvariantCulture, $",{metrics.Images},{metrics.Unreadable}");
        ReadOnlySpan<double> figures =
        [
            metrics.Top1, low, high, metrics.Top5, metrics.UnmaskedTop1, metrics.NegativeLogLikelihood, metrics.Brier, metrics.Confidence,
            metrics.Calibration.Expected, metrics.Calibration.Adaptive, metrics.Calibration.RootMeanSquare, metrics.Selective.Aurra,
            metrics.Selective.Accuracies[1], metrics.FlipRate,
        ];
        foreach (double figure in figures)
        {
            text.Append(',');
            if (double.IsFinite(figure))
                text.Append(CultureInfo.InvariantCulture, $"{figure:0.######}");
        }

        text.Append(',').Append(protocol).Append(',').Append(Quoted(caveat)).Append('\n');
    }

    // Names come from the user: a comma or quote in one must not move the columns (RFC 4180).
    private static string Quoted(string name) =>
        name.AsSpan().IndexOfAny(",\"\n\r") < 0 ? name : $"\"{name.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
}
