using System.Text.Json;

namespace Robustify.Kernels.Cuda.Profiling;

/// <summary>
/// A profile in the trace-event format that chrome://tracing and Perfetto open: complete events ("ph": "X") with times in microseconds.
/// </summary>
internal static class ChromeTrace
{
    /// <summary>Writes the samples of one device.</summary>
    /// <param name="output">Receives UTF-8 JSON.</param>
    /// <param name="device">Name of the row.</param>
    /// <param name="samples">What ran.</param>
    public static void Write(Stream output, string device, ReadOnlySpan<LaunchSample> samples)
    {
        using var json = new Utf8JsonWriter(output);
        json.WriteStartObject();
        json.WriteString("displayTimeUnit", "ms");
        json.WriteStartArray("traceEvents");
        json.WriteStartObject();
        json.WriteString("name", "process_name");
        json.WriteString("ph", "M");
        json.WriteNumber("pid", 0);
        json.WriteStartObject("args");
        json.WriteString("name", device);
        json.WriteEndObject();
        json.WriteEndObject();
        foreach (var sample in samples)
        {
            json.WriteStartObject();
            json.WriteString("name", sample.Name);
            json.WriteString("ph", "X");
            json.WriteNumber("pid", 0);
            json.WriteNumber("tid", 0);
            json.WriteNumber("ts", Math.Round(sample.StartMilliseconds * 1000, 3));
            json.WriteNumber("dur", Math.Round(sample.Milliseconds * 1000, 3));
            json.WriteStartObject("args");
            json.WriteNumber("bytes", sample.Cost.Bytes);
            json.WriteNumber("operations", sample.Cost.Operations);
            json.WriteEndObject();
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }
}
