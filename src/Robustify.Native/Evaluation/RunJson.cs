using System.Text.Json;
using static Robustify.Native.Evaluation.MetricsJson;

namespace Robustify.Native.Evaluation;

/// <summary>What results.json tells of a benchmark as a whole: suites, protocol, comparisons, warnings. A plain training run has none of them.</summary>
internal static class RunJson
{
    /// <summary>Properties of the root.</summary>
    public static void Write(Utf8JsonWriter json, RunResults run)
    {
        if (run.Protocol.Count > 0)
        {
            json.WriteStartObject("protocol");
            foreach (var (name, value) in run.Protocol)
                json.WriteString(name, value);
            json.WriteEndObject();
        }

        if (run.Caveats.Count > 0)
        {
            json.WriteStartObject("not_comparable");
            foreach (var (corruption, reason) in run.Caveats)
                json.WriteString(corruption, reason);
            json.WriteEndObject();
        }

        if (run.Suites.Count > 0)
            WriteSuites(json, run.Suites);
        if (run.Comparisons.Count > 0)
            WriteComparisons(json, run.Comparisons);
        if (run.Protocol.Count > 0 || run.Warnings.Count > 0)
            WriteStrings(json, "warnings", run.Warnings);
    }

    /// <summary>The property <c>shifts</c> of a model.</summary>
    public static void WriteShifts(Utf8JsonWriter json, ModelResult result)
    {
        json.WriteStartObject("shifts");
        foreach (var shift in result.Shifts)
        {
            json.WriteStartObject(shift.Suite);
            WriteFinite(json, "top1", shift.Metrics.Top1);
            json.WriteNumber("images", shift.Metrics.Images);
            json.WriteString("classes", shift.Classes);
            WriteFinite(json, "unmasked_top1", shift.Metrics.UnmaskedTop1);
            WriteFigures(json, shift.Metrics);
            if (shift.Clean is { } clean)
            {
                WriteFinite(json, "clean_same_classes_top1", clean.Top1);
                WriteFinite(json, "drop", clean.Top1 - shift.Metrics.Top1);
                WriteFinite(json, "retention", shift.Metrics.Top1 / clean.Top1);
            }

            WriteFinite(json, "effective_robustness", shift.EffectiveRobustness);
            WriteBins(json, shift.Metrics.Calibration.Bins);
            json.WriteEndObject();
        }

        json.WriteEndObject();
    }

    private static void WriteSuites(Utf8JsonWriter json, IReadOnlyList<SuiteDescription> suites)
    {
        json.WriteStartObject("suites");
        foreach (var suite in suites)
        {
            json.WriteStartObject(suite.Name);
            json.WriteString("source", suite.Source);
            json.WriteString("preprocessing", suite.Preprocessing);
            json.WriteString("classes", suite.Classes);
            json.WriteNumber("images", suite.Images);
            json.WriteNumber("of", suite.Of);
            json.WriteNumber("unreadable_count", suite.UnreadableCount);
            WriteStrings(json, "unreadable", suite.Unreadable);
            json.WriteNumber("passed_over_count", suite.PassedOver.Count);
            WriteStrings(json, "passed_over", [.. suite.PassedOver.Take(SuiteDescription.MostListed)]);
            json.WriteEndObject();
        }

        json.WriteEndObject();
    }

    private static void WriteComparisons(Utf8JsonWriter json, IReadOnlyList<ModelComparison> comparisons)
    {
        json.WriteStartArray("comparisons");
        foreach (var (first, second, measure, result) in comparisons)
        {
            json.WriteStartObject();
            json.WriteString("first", first);
            json.WriteString("second", second);
            json.WriteString("measure", measure);
            WriteFinite(json, "difference", result.Difference);
            WriteFinite(json, "low", result.Low);
            WriteFinite(json, "high", result.High);
            json.WriteNumber("images", result.Images);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void WriteStrings(Utf8JsonWriter json, string name, IReadOnlyList<string> values)
    {
        json.WriteStartArray(name);
        foreach (string value in values)
            json.WriteStringValue(value);
        json.WriteEndArray();
    }
}
