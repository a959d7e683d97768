using System.Globalization;
using System.Text.Json;
using Robustify.Kernels.Backends;
using Robustify.Kernels.Cuda.Profiling;
using Robustify.Native.Workflows.Profiling;

namespace Robustify.Cli.Reporting;

/// <summary>A profile as a table and as JSON.</summary>
internal static class ProfileReport
{
    /// <summary>Prints the whole, the ceilings and one row a kernel.</summary>
    public static void Write(TextWriter output, string device, Precision precision, WorkProfile profile)
    {
        output.WriteLine($"{profile.Work}, batch {profile.Batch}, {precision.ToString().ToLowerInvariant()}, on {device}");
        output.WriteLine(Invariant($"{profile.Milliseconds:F3} ms a run, {profile.ImagesPerSecond:F1} images a second"));
        if (profile.Kernels.Length == 0)
            return;
        var ceilings = profile.Ceilings;
        if (ceilings.GigabytesPerSecond > 0)
            output.WriteLine(Invariant($"ceilings measured now: copy {ceilings.GigabytesPerSecond:F0} GB/s, product {ceilings.TeraflopsPerSecond:F2} TFLOP/s"));
        double sum = profile.Kernels.Sum(kernel => kernel.Milliseconds);
        output.WriteLine(Invariant($"{profile.Launches.Length} launches, {sum:F3} ms of device time one after the other"));
        output.WriteLine();
        TextTable.Write(output, ["kernel", "calls", "ms", "share", "GB/s", "of ceiling", "TFLOP/s", "of ceiling"], profile.Kernels.Select(kernel => Row(kernel, ceilings)));
    }

    /// <summary>The same as properties of one object.</summary>
    public static void Write(Utf8JsonWriter json, string device, Precision precision, WorkProfile profile)
    {
        json.WriteString("version", CommandLine.Version);
        json.WriteString("device", device);
        json.WriteString("work", profile.Work);
        json.WriteNumber("batch", profile.Batch);
        json.WriteString("precision", precision.ToString().ToLowerInvariant());
        json.WriteNumber("milliseconds", Math.Round(profile.Milliseconds, 4));
        json.WriteNumber("images_per_second", Math.Round(profile.ImagesPerSecond, 2));
        json.WriteNumber("ceiling_gigabytes_per_second", Math.Round(profile.Ceilings.GigabytesPerSecond, 2));
        json.WriteNumber("ceiling_teraflops_per_second", Math.Round(profile.Ceilings.TeraflopsPerSecond, 3));
        json.WriteStartArray("kernels");
        foreach (var kernel in profile.Kernels)
        {
            json.WriteStartObject();
            json.WriteString("name", kernel.Name);
            json.WriteNumber("calls", kernel.Calls);
            json.WriteNumber("milliseconds", Math.Round(kernel.Milliseconds, 4));
            json.WriteNumber("share", Math.Round(kernel.Share, 4));
            json.WriteNumber("gigabytes_per_second", Math.Round(kernel.GigabytesPerSecond, 2));
            json.WriteNumber("teraflops_per_second", Math.Round(kernel.TeraflopsPerSecond, 3));
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static string[] Row(KernelSummary kernel, DeviceCeilings ceilings) =>
    [
        kernel.Name, Invariant($"{kernel.Calls}"), Invariant($"{kernel.Milliseconds:F3}"), Invariant($"{100 * kernel.Share:F1} %"),
        Invariant($"{kernel.GigabytesPerSecond:F0}"), Part(kernel.GigabytesPerSecond, ceilings.GigabytesPerSecond),
        Invariant($"{kernel.TeraflopsPerSecond:F2}"), Part(kernel.TeraflopsPerSecond, ceilings.TeraflopsPerSecond),
    ];

    private static string Part(double rate, double ceiling) => ceiling > 0 ? Invariant($"{100 * rate / ceiling:F0} %") : "";

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
