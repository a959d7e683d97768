using System.Text.RegularExpressions;
using Robustify.Cli.Tests;
using Robustify.Kernels.Backends;
using Robustify.Kernels.Cuda;
using Robustify.Native.Graph;
using Robustify.Native.Models;
using Robustify.Native.Training;
using Robustify.SoftwareCuda.Tests.Device;

namespace Robustify.SoftwareCuda.Tests.Program;

/// <summary>What the program says, and how it ends, when the device cannot do what is asked.</summary>
public sealed partial class DeviceFailureTests : IDisposable
{
    private const long Mebibyte = 1 << 20;

    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [SoftwareCudaFact]
    public void A_batch_beyond_the_devices_memory_is_refused_with_the_largest_that_fits()
    {
        using var device = new SoftwareDevice(new() { MemoryBytes = 512 * Mebibyte });
        var call = Call.InProcess(
            "pretrain", "--model", "vit_fashion", "--device", "cuda", "--batch", "2048", "--limit", "2048", "--test-limit", "10", "--out", folder.PathOf("run"));
        Assert.Equal(2, call.Code);
        string line = Assert.Single(call.ErrorLines);
        var told = Refusal().Match(line);
        Assert.True(told.Success, line);
        long Number(string group) => long.Parse(told.Groups[group].Value, System.Globalization.CultureInfo.InvariantCulture);
        Assert.InRange(Number("wanted") - Number("planned") - Number("beside"), -1, 1); // each is rounded to a whole MiB
        Assert.InRange(Number("free"), 1, 511);
        Assert.True(Number("wanted") > Number("free"));

        // The batch that is told fits beside the optimizer's memory, and one that is a tenth larger does not.
        int largest = (int)Number("largest");
        Assert.InRange(largest, 1, 2047);
        using var cuda = CudaDevices.Open(new CudaOptions());
        Assert.True(Fits(cuda, largest), $"batch {largest} does not fit");
        Assert.False(Fits(cuda, largest + largest / 10), $"batch {largest + largest / 10} fits");
    }

    // A run of one epoch tells how much is done by the end of it; a longer one that is lost then has been saved at least once.
    [SoftwareCudaFact]
    public void A_device_lost_in_training_ends_in_one_line_and_the_run_resumes_to_the_bit()
    {
        long oneEpoch;
        using (var device = new SoftwareDevice(new() { LostAfter = long.MaxValue }))
        {
            Assert.Equal(0, Teach("short", "--epochs", "1").Code);
            oneEpoch = device.Operations;
        }

        using (var device = new SoftwareDevice(new() { LostAfter = oneEpoch }))
        {
            var call = Teach("lost", "--epochs", "8");
            Assert.Equal(1, call.Code);
            string line = Assert.Single(call.ErrorLines);
            Assert.Contains("error 999 CUDA_ERROR_UNKNOWN", line);
            Assert.Contains("the run continues from its last checkpoint", line);
            Assert.True(File.Exists(folder.PathOf("lost", "checkpoint.safetensors")), "lost before the first epoch was saved");
        }

        using (var device = new SoftwareDevice())
        {
            Assert.Equal(0, Teach("lost", "--epochs", "8", "--resume").Code);
            Assert.Equal(0, Teach("whole", "--epochs", "8").Code);
            device.ExpectClean();
        }

        Assert.Equal(File.ReadAllBytes(folder.PathOf("whole", "checkpoint.safetensors")), File.ReadAllBytes(folder.PathOf("lost", "checkpoint.safetensors")));
    }

    [SoftwareCudaFact]
    public void An_old_device_and_none_are_refused_and_auto_computes_on_the_CPU()
    {
        using (new SoftwareDevice(new() { Capability = 75 }))
        {
            var call = Call.InProcess("selftest", "--device", "cuda");
            Assert.Equal(2, call.Code);
            Assert.Contains("has compute capability 7.5, 8.0 or newer expected (Ampere, 2020); use --device cpu", Assert.Single(call.ErrorLines));
        }

        using (new SoftwareDevice(new() { Present = false }))
        {
            var call = Teach("cpu", "--epochs", "1", "--device", "cuda");
            Assert.Equal(2, call.Code);
            Assert.Contains("use --device cpu", Assert.Single(call.ErrorLines));
            Assert.Equal(0, Teach("cpu", "--epochs", "1", "--device", "auto").Code);
        }
    }

    [SoftwareCudaFact]
    public void A_cache_that_cannot_be_written_costs_one_line_and_the_program_goes_on()
    {
        using var device = new SoftwareDevice();
        string file = folder.Write("taken", [1]);
        Environment.SetEnvironmentVariable(SoftwareDevice.CacheVariable, Path.Combine(file, "cache"));
        var call = Teach("run", "--epochs", "1");
        Assert.Equal(0, call.Code);
        Assert.Single(call.Error.Split('\n'), line => line.StartsWith(file, StringComparison.Ordinal));
    }

    [SoftwareCudaFact]
    public void Doctor_names_the_device_its_libraries_and_the_cache()
    {
        using var device = new SoftwareDevice();
        string told = Call.Succeeding("doctor").Out;
        foreach (string part in (string[])["Software CUDA device, compute capability 9.0", "nvrtc", "cublaslt", "libcublasLt.so.12: loaded", "libcublasLt.so.13: no such file", "kernel cache"])
            Assert.Contains(part, told);
    }

    private Call Teach(string name, params string[] more)
    {
        string[] device = more.Contains("--device") ? [] : ["--device", "cuda"];
        return Call.InProcess(
            ["teach", "--limit", "10", "--test-limit", "10", "--batch", "10", "--augmix-views", "0", "--workers", "2", "--out", folder.PathOf(name), .. device, .. more]);
    }

    private static bool Fits(IBackend cuda, int batch)
    {
        var target = new ComputeTarget(cuda);
        var model = ModelPresets.Create("vit_fashion");
        using var parameters = new ParameterStore(model.AllSpecs(), _ => true, target);
        try
        {
            using var step = new ClassificationStep(model, parameters, new ClassificationOptions { BatchSize = batch }, target);
            return true;
        }
        catch (Robustify.Kernels.RobustifyException)
        {
            return false;
        }
    }

    [GeneratedRegex(
        @"batch 2048: (?<wanted>\d+) MiB wanted, (?<planned>\d+) MiB planned for a step and (?<beside>\d+) MiB beside it, but the device has (?<free>\d+) MiB free; the largest batch that fits is about (?<largest>\d+)$")]
    private static partial Regex Refusal();
}
