using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Robustify.Cli.Options;
using Robustify.Cli.Reporting;
using Robustify.Kernels.Backends;
using Robustify.Kernels.Cpu;
using Robustify.Kernels.Cuda;
using Robustify.Kernels.Parity;
using Robustify.Kernels.Tensors;
using Robustify.Native.Workflows.SelfTests;

namespace Robustify.Cli.Verbs;

/// <summary>Computes every operation on a device and holds it against a reference in double, and every kind of image against the CPU's.</summary>
internal static class SelftestVerb
{
    /// <summary>Where to compute; there is no automatic choice, because a test must say what it tested.</summary>
    private enum Tested
    {
        Cpu,
        Cuda,
    }

    public static Command Create(Invocation invocation)
    {
        var device = new ChoiceOption<Tested>("--device", "the device to test", Tested.Cpu);
        var json = new FlagOption("--json", "print one JSON object on stdout, and nothing else there");
        var command = new Command("selftest", "Check every operation of a device against references in double precision, its corrupted and augmented images against one CPU thread's, and that it repeats bit for bit.")
        {
            device, json,
        };
        command.SetAction(parse =>
        {
            bool isCuda = device.Of(parse) == Tested.Cuda;
            using IBackend backend = isCuda ? CudaDevices.Open(new CudaOptions { Say = invocation.Error.WriteLine }) : new CpuBackend();
            long start = Stopwatch.GetTimestamp();
            SelfTestResult[] results =
            [
                .. SelfTest.Run(backend, isCuda ? [DType.Float32, DType.BFloat16] : [DType.Float32], invocation.Cancellation),
                .. ImageSelfTest.Run(backend, invocation.Cancellation),
            ];
            double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
            if (json.Of(parse))
                JsonOutput.Write(invocation.Out, writer => Write(writer, backend.Description, results, seconds));
            else
                Write(invocation.Out, backend.Description, results, seconds);
            return results.All(result => result.Passed) ? ExitCode.Done : ExitCode.Failed;
        });
        return command;
    }

    /// <summary>What is checked: formulas, slopes by differences, images, and equal bits of two runs of every case.</summary>
    private static (string Name, int Cases, int Failed)[] Checks(SelfTestResult[] results)
    {
        return
        [
            Compared("parity", CaseKind.Parity), Compared("gradient", CaseKind.Gradient), Compared("images", CaseKind.Image),
            ("determinism", results.Length, results.Count(r => !r.Repeats)),
        ];

        (string Name, int Cases, int Failed) Compared(string name, CaseKind kind)
        {
            var cases = results.Where(result => result.Kind == kind).ToArray();
            return (name, cases.Length, cases.Count(result => !result.Outcome.Passed));
        }
    }

    private static void Write(TextWriter output, string device, SelfTestResult[] results, double seconds)
    {
        foreach (var result in results.Where(result => !result.Passed))
            output.WriteLine($"FAILED {result.Name} ({result.Storage}): {result.Failure}");
        int failed = results.Count(result => !result.Passed);
        string counts = string.Join(", ", Checks(results).Select(check => $"{check.Name} {check.Cases - check.Failed} of {check.Cases}"));
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"selftest of {device}: {results.Length - failed} cases passed, {failed} failed (right: {counts}) in {seconds:F1} s"));
    }

    private static void Write(Utf8JsonWriter json, string device, SelfTestResult[] results, double seconds)
    {
        json.WriteString("version", CommandLine.Version);
        json.WriteString("device", device);
        json.WriteNumber("cases", results.Length);
        json.WriteNumber("passed", results.Count(result => result.Passed));
        json.WriteNumber("failed", results.Count(result => !result.Passed));
        foreach (var (name, cases, failed) in Checks(results))
        {
            json.WriteStartObject(name);
            json.WriteNumber("cases", cases);
            json.WriteNumber("failed", failed);
            json.WriteEndObject();
        }

        json.WriteNumber("seconds", Math.Round(seconds, 3));
        json.WriteStartArray("operations");
        foreach (var group in results.GroupBy(result => (result.Operation, result.Storage)))
        {
            json.WriteStartObject();
            json.WriteString("operation", group.Key.Operation);
            json.WriteString("storage", group.Key.Storage.ToString());
            json.WriteNumber("cases", group.Count());
            json.WriteNumber("failed", group.Count(result => !result.Passed));
            double worst = group.Max(result => result.Outcome.Error);
            // JSON has no infinity: an output that is not a number where one was expected.
            json.WriteNumber("worst_of_allowed", double.IsFinite(worst) ? Math.Round(worst, 4) : 1e308);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteStartArray("failures");
        foreach (var result in results.Where(result => !result.Passed))
        {
            json.WriteStartObject();
            json.WriteString("case", result.Name);
            json.WriteString("storage", result.Storage.ToString());
            json.WriteString("reason", result.Failure);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }
}
