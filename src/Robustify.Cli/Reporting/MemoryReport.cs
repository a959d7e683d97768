using System.CommandLine;
using System.Globalization;
using Robustify.Cli.Options;
using Robustify.Native.Training;

namespace Robustify.Cli.Reporting;

/// <summary>The memory of a run by part, for <c>--plan</c>.</summary>
internal static class MemoryReport
{
    private const double Mebibyte = 1048576;

    /// <summary>The switch.</summary>
    public static FlagOption Option() => new("--plan", "print the memory the run would take by part, and end: reads no pictures, computes and writes nothing");

    /// <summary>Prints the plan.</summary>
    public static int Write(Invocation invocation, RunSettings run, ParseResult parse, MemoryPlan plan)
    {
        if (run.Json.Of(parse))
        {
            JsonOutput.Write(invocation.Out, json =>
            {
                json.WriteString("verb", run.Verb);
                Write(json, plan);
            });
        }
        else
        {
            Write(invocation.Out, plan);
        }

        return ExitCode.Done;
    }

    /// <summary>As a table.</summary>
    public static void Write(TextWriter output, MemoryPlan plan) => TextTable.Write(
        output, ["memory", "MiB"], plan.Parts.Append(new MemoryPart("peak", plan.PeakBytes)).Select(part => new[] { part.Name, Mebibytes(part.Bytes) }));

    /// <summary>As properties of an object.</summary>
    public static void Write(System.Text.Json.Utf8JsonWriter json, MemoryPlan plan)
    {
        json.WriteStartObject("memory");
        foreach (var part in plan.Parts)
            json.WriteNumber(part.Name, part.Bytes);
        json.WriteEndObject();
        json.WriteNumber("peak_bytes", plan.PeakBytes);
    }

    private static string Mebibytes(long bytes) => (bytes / Mebibyte).ToString("F1", CultureInfo.InvariantCulture);
}
