using System.Globalization;
using System.Text.Json;
using Robustify.Native.Evaluation.Metrics;

namespace Robustify.Native.Evaluation;

/// <summary>Figures as properties of an object; what has no value is left out, as JSON knows no NaN.</summary>
internal static class MetricsJson
{
    /// <summary>Everything but the accuracy and the number of images, which each place writes under its own names.</summary>
    public static void WriteFigures(Utf8JsonWriter json, ConditionMetrics metrics)
    {
        if (metrics.Images == 0)
            return;
        var (low, high) = metrics.Interval;
        WriteFinite(json, "top1_low", low);
        WriteFinite(json, "top1_high", high);
        WriteFinite(json, "top5", metrics.Top5);
        WriteFinite(json, "nll", metrics.NegativeLogLikelihood);
        WriteFinite(json, "brier", metrics.Brier);
        WriteFinite(json, "confidence", metrics.Confidence);
        WriteFinite(json, "ece", metrics.Calibration.Expected);
        WriteFinite(json, "ece_adaptive", metrics.Calibration.Adaptive);
        WriteFinite(json, "rms_calibration", metrics.Calibration.RootMeanSquare);
        WriteFinite(json, "rms_calibration_published", metrics.Calibration.RootMeanSquareAsPublished);
        WriteFinite(json, "aurra", metrics.Selective.Aurra);
        json.WriteStartObject("selective_top1");
        for (int c = 0; c < SelectiveAnswering.Coverages.Count; c++)
            WriteFinite(json, SelectiveAnswering.Coverages[c].ToString(CultureInfo.InvariantCulture), metrics.Selective.Accuracies[c]);
        json.WriteEndObject();
        WriteFinite(json, "flip_rate", metrics.FlipRate);
        if (metrics.Unreadable > 0)
            json.WriteNumber("unreadable", metrics.Unreadable);
    }

    /// <summary>The bins of a reliability diagram: [images, accuracy, mean confidence] each, from the least confident; empty ones as [0].</summary>
    public static void WriteBins(Utf8JsonWriter json, ReliabilityBin[] bins)
    {
        json.WriteStartArray("reliability");
        foreach (var bin in bins)
        {
            json.WriteStartArray();
            json.WriteNumberValue(bin.Images);
            if (bin.Images > 0)
            {
                json.WriteNumberValue(Math.Round(bin.Accuracy, 6));
                json.WriteNumberValue(Math.Round(bin.Confidence, 6));
            }

            json.WriteEndArray();
        }

        json.WriteEndArray();
    }

    /// <summary>A number, or nothing where there is none.</summary>
    public static void WriteFinite(Utf8JsonWriter json, string name, double value)
    {
        if (double.IsFinite(value))
            json.WriteNumber(name, value);
    }
}
