using System.Globalization;
using System.Text.Json;
using Robustify.Native.Training;

namespace Robustify.Native.Workflows;

/// <summary>The lines of metrics.jsonl, and the same for people. What depends on the clock stands in <c>timing</c> alone.</summary>
internal static class MetricsLine
{
    /// <summary>A line every <see cref="RecordOptions.LogEvery"/> steps.</summary>
    public static void WriteSteps(Utf8JsonWriter json, string phase, TrainingRecord record, double utilization)
    {
        WriteHead(json, "steps", phase, record);
        WriteTiming(json, record, utilization);
    }

    /// <summary>A line at the end of each epoch.</summary>
    public static void WriteEpoch(Utf8JsonWriter json, string phase, TrainingRecord record, double validationAccuracy, double utilization)
    {
        WriteHead(json, "epoch", phase, record);
        WriteFinite(json, "validation_accuracy", validationAccuracy);
        WriteTiming(json, record, utilization);
    }

    /// <summary>A line where loss or gradient norm is an outlier.</summary>
    public static void WriteWarning(Utf8JsonWriter json, string phase, TrainingRecord record, double lossScore, double normScore)
    {
        WriteHead(json, "warning", phase, record);
        WriteFinite(json, "loss_z", lossScore);
        WriteFinite(json, "gradient_norm_z", normScore);
    }

    /// <summary>The end of an epoch in words.</summary>
    public static string EpochText(string phase, int epochs, TrainingRecord record, double validationAccuracy, double utilization)
    {
        string text = string.Create(
            CultureInfo.InvariantCulture, $"{phase}: epoch {record.Epoch + 1} of {epochs}, loss {record.Loss:F4}, {RateText(record, utilization)}");
        return double.IsNaN(validationAccuracy)
            ? text
            : string.Create(CultureInfo.InvariantCulture, $"{text}, held-out accuracy {validationAccuracy:F4}");
    }

    /// <summary>What goes beside loss and time left: <c>accuracy 0.812, gradient norm 1.23, 412 images/s, 37 % of the device</c>.</summary>
    public static string RateText(TrainingRecord record, double utilization)
    {
        string accuracy = double.IsNaN(record.Accuracy) ? "" : string.Create(CultureInfo.InvariantCulture, $"accuracy {record.Accuracy:F3}, ");
        return accuracy + string.Create(CultureInfo.InvariantCulture, $"gradient norm {record.GradientNorm:G3}, {record.ImagesPerSecond:F0} images/s, {100 * utilization:F0} % of the device");
    }

    /// <summary>An alarm in words.</summary>
    public static string WarningText(string phase, TrainingRecord record, double lossScore, double normScore)
    {
        string what = double.IsNaN(lossScore)
            ? string.Create(CultureInfo.InvariantCulture, $"gradient norm {record.GradientNorm:G3} lies {normScore:F1}")
            : string.Create(CultureInfo.InvariantCulture, $"loss {record.Loss:G4} lies {lossScore:F1}");
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{phase}: warning: step {record.Step}: {what} standard deviations above the last {OutlierAlarm.Window} readings; look at the data or lower --rate");
    }

    private static void WriteHead(Utf8JsonWriter json, string kind, string phase, TrainingRecord record)
    {
        json.WriteString("kind", kind);
        json.WriteString("phase", phase);
        json.WriteNumber("epoch", record.Epoch);
        json.WriteNumber("step", record.Step);
        WriteFinite(json, "loss", record.Loss);
        WriteFinite(json, "accuracy", record.Accuracy);
        WriteFinite(json, "gradient_norm", record.GradientNorm);
        json.WriteNumber("rate", record.Rate);
    }

    private static void WriteTiming(Utf8JsonWriter json, TrainingRecord record, double utilization)
    {
        json.WriteStartObject("timing");
        json.WriteNumber("seconds", Math.Round(record.Seconds, 3));
        json.WriteNumber("images_per_second", Math.Round(record.ImagesPerSecond, 1));
        WriteFinite(json, "utilization", Math.Round(utilization, 4));
        json.WriteEndObject();
    }

    private static void WriteFinite(Utf8JsonWriter json, string name, double value)
    {
        if (double.IsFinite(value))
            json.WriteNumber(name, value);
    }
}
