using System.Globalization;
using System.Text.Json;
using Robustify.Native.Evaluation.Metrics;
using static Robustify.Native.Evaluation.MetricsJson;

namespace Robustify.Native.Evaluation;

/// <summary>What results.json tells of a model under corruptions, beside its accuracies. Corruption errors are in percent, as the literature has them.</summary>
internal static class CorruptionJson
{
    /// <summary>Properties of <c>models.NAME.corruption</c>.</summary>
    public static void Write(Utf8JsonWriter json, ModelResult result, CorruptionSummary summary)
    {
        WriteFinite(json, "mean_top1_low", summary.Top1.Low);
        WriteFinite(json, "mean_top1_high", summary.Top1.High);
        WriteFinite(json, "mean_top5", summary.Top5);
        WriteFinite(json, "main_mean_top1", summary.MainTop1.Mean);
        WriteFinite(json, "main_mean_top1_low", summary.MainTop1.Low);
        WriteFinite(json, "main_mean_top1_high", summary.MainTop1.High);
        WriteFinite(json, "validation_mean_top1", summary.ValidationTop1);
        WriteFinite(json, "unnormalised_mce", 100 * (1 - summary.MainTop1.Mean));
        if (summary.Errors is { } errors)
        {
            WriteFinite(json, "mce", errors.Mean);
            WriteFinite(json, "relative_mce", errors.RelativeMean);
            json.WriteStartObject("ce");
            foreach (var (corruption, error) in errors.Each)
                WriteFinite(json, corruption, error);
            json.WriteEndObject();
        }

        json.WriteStartObject("groups");
        foreach (var (group, top1) in summary.Groups)
            WriteFinite(json, group, top1);
        json.WriteEndObject();
        json.WriteStartObject("severities");
        foreach (var (severity, top1) in summary.Severities)
            WriteFinite(json, Name(severity), top1);
        json.WriteEndObject();
        json.WriteStartObject("worst");
        json.WriteString("corruption", summary.Worst.Name);
        WriteFinite(json, "top1", summary.Worst.Top1);
        json.WriteEndObject();
        WriteFinite(json, "drop", summary.Drop);
        WriteFinite(json, "retention", summary.Retention);
        WriteFinite(json, "flip_rate", summary.FlipRate);
        WriteFinite(json, "nll", summary.NegativeLogLikelihood);
        WriteFinite(json, "brier", summary.Brier);
        WriteFinite(json, "ece", summary.Expected);
        WriteFinite(json, "rms_calibration", summary.RootMeanSquare);
        WriteFinite(json, "aurra", summary.Aurra);
        WriteBins(json, summary.Bins);
        WriteDetails(json, result);
    }

    private static void WriteDetails(Utf8JsonWriter json, ModelResult result)
    {
        json.WriteStartObject("detail");
        foreach (var corruption in result.Metrics.Where(m => m.Key.Corruption is not null).GroupBy(m => m.Key.Corruption!))
        {
            json.WriteStartObject(corruption.Key);
            foreach (var (condition, metrics) in corruption)
            {
                json.WriteStartObject(Name(condition.Severity));
                json.WriteNumber("images", metrics.Images);
                WriteFigures(json, metrics);
                json.WriteEndObject();
            }

            json.WriteEndObject();
        }

        json.WriteEndObject();
    }

    private static string Name(int severity) => severity.ToString(CultureInfo.InvariantCulture);
}
