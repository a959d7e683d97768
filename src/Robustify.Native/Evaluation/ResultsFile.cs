using System.Globalization;
using System.Text.Json;

namespace Robustify.Native.Evaluation;

/// <summary>
/// The layout of results.json: accuracies are fractions in 0..1; <c>ledger.*.seconds</c> and <c>device_seconds</c> are the only
/// times, all else is a function of the seed.
/// </summary>
public static class ResultsFile
{
    /// <summary>Writes models and ledger as one object.</summary>
    public static void Write(Utf8JsonWriter json, IReadOnlyList<ModelResult> results, Ledger ledger) =>
        Write(json, new RunResults { Models = results, Ledger = ledger });

    /// <summary>Writes all that a benchmark found as one object.</summary>
    internal static void Write(Utf8JsonWriter json, RunResults run)
    {
        json.WriteStartObject();
        json.WriteStartObject("models");
        foreach (var result in run.Models)
            WriteModel(json, result);
        json.WriteEndObject();
        WriteLedger(json, run.Ledger);
        RunJson.Write(json, run);
        json.WriteEndObject();
    }

    private static void WriteLedger(Utf8JsonWriter json, Ledger ledger)
    {
        json.WriteStartObject("ledger");
        foreach (var (phase, cost) in ledger)
        {
            json.WriteStartObject(phase);
            json.WriteNumber("seconds", Math.Round(cost.Seconds, 3));
            json.WriteNumber("device_seconds", Math.Round(cost.DeviceSeconds, 3));
            json.WriteNumber("trained_parameters", cost.TrainedParameters);
            json.WriteNumber("total_parameters", cost.TotalParameters);
            json.WriteNumber("forward_flops", cost.ForwardFlops);
            json.WriteNumber("backward_flops", cost.BackwardFlops);
            json.WriteNumber("images", cost.Images);
            json.WriteNumber("steps", cost.Steps);
            json.WriteEndObject();
        }

        json.WriteEndObject();
    }

    private static void WriteModel(Utf8JsonWriter json, ModelResult result)
    {
        json.WriteStartObject(result.Name);
        if (result.Scores.ContainsKey(Condition.Clean))
        {
            json.WriteStartObject("clean");
            MetricsJson.WriteFinite(json, "top1", result.Clean.Top1);
            json.WriteNumber("images", result.Clean.Images);
            if (result.Metrics.TryGetValue(Condition.Clean, out var clean))
            {
                MetricsJson.WriteFigures(json, clean);
                MetricsJson.WriteBins(json, clean.Calibration.Bins);
            }

            json.WriteEndObject();
        }

        if (!double.IsNaN(result.MeanCorruptionTop1))
        {
            json.WriteStartObject("corruption");
            json.WriteNumber("mean_top1", result.MeanCorruptionTop1);
            WritePer(json, result.Scores, (writer, severity, score) => MetricsJson.WriteFinite(writer, severity, score.Top1));
            if (result.Corruption is not null)
                CorruptionJson.Write(json, result, result.Corruption);
            json.WriteEndObject();
        }

        if (result.Shifts.Count > 0)
            RunJson.WriteShifts(json, result);

        if (result.HeadCounts.Count > 0)
            WriteHeads(json, result);
        json.WriteEndObject();
    }

    private static void WriteHeads(Utf8JsonWriter json, ModelResult result)
    {
        long[] total = [.. Enumerable.Range(0, 3).Select(head => result.HeadCounts.Values.Sum(c => c[head]))];
        long images = Math.Max(1, result.Scores.Values.Sum(s => s.Images));
        json.WriteStartObject("heads");
        WriteShares(json, total, images);
        WritePer(json, result.HeadCounts, (writer, severity, counts) =>
        {
            writer.WriteStartObject(severity);
            WriteShares(writer, counts, Math.Max(1, counts.Sum()));
            writer.WriteEndObject();
        });
        json.WriteEndObject();
        json.WriteStartObject("selectors");
        foreach (var (selector, scores) in result.Selectors)
        {
            json.WriteStartObject(selector);
            MetricsJson.WriteFinite(json, "clean_top1", scores.GetValueOrDefault(Condition.Clean).Top1);
            if (ModelResult.Mean(scores) is var mean && !double.IsNaN(mean))
                json.WriteNumber("corruption_mean_top1", mean);
            json.WriteEndObject();
        }

        json.WriteEndObject();
    }

    private static void WriteShares(Utf8JsonWriter json, long[] counts, long images)
    {
        json.WriteNumber("clean", (double)counts[0] / images);
        json.WriteNumber("unclean", (double)counts[1] / images);
        json.WriteNumber("combined", (double)counts[2] / images);
    }

    private static void WritePer<T>(Utf8JsonWriter json, Dictionary<Condition, T> values, Action<Utf8JsonWriter, string, T> write)
    {
        json.WriteStartObject("per");
        foreach (var corruption in values.Where(v => v.Key.Corruption is not null).GroupBy(v => v.Key.Corruption!))
        {
            json.WriteStartObject(corruption.Key);
            foreach (var (condition, value) in corruption)
                write(json, condition.Severity.ToString(CultureInfo.InvariantCulture), value);
            json.WriteEndObject();
        }

        json.WriteEndObject();
    }
}
