using System.CommandLine;
using Robustify.Cli.Options;
using Robustify.Cli.Reporting;
using Robustify.Kernels.Backends;
using Robustify.Kernels.Cpu;
using Robustify.Kernels.Cuda;
using Robustify.Kernels.Cuda.Profiling;
using Robustify.Native.Files;
using Robustify.Native.Workflows.Profiling;

namespace Robustify.Cli.Verbs;

/// <summary>Times a model's step or one operation on a device, kernel by kernel.</summary>
internal static class ProfileVerb
{
    private const int StandardBatch = 256;
    private const int StandardSide = 8192;

    /// <summary>Where to compute; a profile is of one device by name.</summary>
    private enum Profiled
    {
        Cuda,
        Cpu,
    }

    public static Command Create(Invocation invocation)
    {
        var work = new Argument<string>("WORK") { Description = $"{DeviceWorkCatalog.Names}" };
        var device = new ChoiceOption<Profiled>("--device", "the device to profile; the kernel table is of cuda alone", Profiled.Cuda);
        var precision = new ChoiceOption<Precision>("--precision", "what activations are stored in", Precision.Bf16);
        var batch = new NumberOption<int>("--batch", "images a step", new(1, 1 << 16), StandardBatch);
        var seconds = new NumberOption<double>("--seconds", "how long the whole step is timed", new(0, 3600), 3);
        var side = new NumberOption<int>("--ceiling-side", "side of the product that measures the ceilings; 0 measures none", new(0, 1 << 15), StandardSide);
        var trace = new TextOption("--trace", "FILE", "write the launches for chrome://tracing or Perfetto", "none", () => "");
        var json = new FlagOption("--json", "print one JSON object on stdout, and nothing else there");
        var command = new Command("profile", "Time a model's step or one operation: each kernel's calls, time, share and rates, and the whole.")
        {
            work, device, precision, batch, seconds, side, trace, json,
        };
        command.SetAction(parse =>
        {
            using IBackend backend = device.Of(parse) == Profiled.Cuda ? CudaDevices.Open(new CudaOptions { Say = invocation.Error.WriteLine }) : new CpuBackend();
            // The CPU device stores float32 only.
            var target = new ComputeTarget(backend, backend.IsHostMemory ? Precision.Fp32 : precision.Of(parse));
            var profile = ProfileWorkflow.Run(
                parse.GetRequiredValue(work), batch.Of(parse), target, seconds.Of(parse), side.Of(parse), invocation.Cancellation);
            if (trace.Of(parse) is { Length: > 0 } file)
                AtomicFile.Write(file, stream => ChromeTrace.Write(stream, backend.Description, profile.Launches));
            if (json.Of(parse))
                JsonOutput.Write(invocation.Out, writer => ProfileReport.Write(writer, backend.Description, target.Precision, profile));
            else
                ProfileReport.Write(invocation.Out, backend.Description, target.Precision, profile);
            return ExitCode.Done;
        });
        return command;
    }
}
