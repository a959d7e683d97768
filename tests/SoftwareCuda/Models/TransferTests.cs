using Robustify.Kernels;
using Robustify.Native.Runs;
using Robustify.Native.Tests.Golden;
using Robustify.Native.Workflows;
using Robustify.SoftwareCuda.Tests.Device;
using Xunit.Abstractions;

namespace Robustify.SoftwareCuda.Tests.Models;

/// <summary>The verb transfer with features and similarities computed on CUDA, beside the CPU's.</summary>
public sealed class TransferTests(ITestOutputHelper output) : IDisposable
{
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("robustify-transfer-");

    public void Dispose() => folder.Delete(recursive: true);

    [SoftwareCudaFact]
    public void Probe_and_neighbours_answer_as_on_the_CPU_and_the_cache_keeps_the_devices_apart()
    {
        var expected = Run(DeviceChoice.Cpu);
        using var device = new SoftwareDevice();
        var found = Run(DeviceChoice.Auto);
        Assert.Equal(expected.Scores.Select(s => s.Method), found.Scores.Select(s => s.Method));
        // Features differ by sums in another order: at most one image of forty is so near a border that it changes sides.
        Assert.All(expected.Scores.Zip(found.Scores), s => Assert.Equal(s.First.Top1, s.Second.Top1, 1.01 / 40));
        Assert.Equal(4, Directory.GetFiles(Path.Combine(folder.FullName, "cache")).Length);
        device.ExpectClean();
        Assert.Equal(0, device.LiveAllocations);
    }

    private TransferResults Run(DeviceChoice choice)
    {
        using var opened = OpenedDevice.Open(choice, workers: 2, output.WriteLine);
        Assert.Equal(choice == DeviceChoice.Cpu, opened.Backend.IsHostMemory);
        var context = new RunContext(opened.Backend, opened.Threads, SilentProgress.Instance, CancellationToken.None, output.WriteLine);
        return TransferWorkflow.Run(
            new TransferOptions
            {
                Models = [("tiny", GoldenData.PathOf("models", "timm_vit", "model.safetensors"))],
                Data = [("fashion", Path.Combine(GoldenData.Root, "..", "..", "data", "fashion-mnist"))], Limit = 60, TestLimit = 40, Neighbors = [5],
                Out = Path.Combine(folder.FullName, choice.ToString()), Cache = Path.Combine(folder.FullName, "cache"),
            },
            context, json => json.WriteString("device", opened.Backend.Description));
    }
}
