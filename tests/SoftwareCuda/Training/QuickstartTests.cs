using System.Text.Json;
using Robustify.Kernels;
using Robustify.Native.Runs;
using Robustify.Native.Workflows;
using Robustify.SoftwareCuda.Tests.Device;
using Xunit.Abstractions;

namespace Robustify.SoftwareCuda.Tests.Training;

/// <summary>The verb quickstart as <c>--size tiny --device cuda --images 40 --test-images 20 --corrupted-images 0</c> runs it.</summary>
public sealed class QuickstartTests(ITestOutputHelper output) : IDisposable
{
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("robustify-quickstart-");

    public void Dispose() => folder.Delete(recursive: true);

    [SoftwareCudaFact]
    public void The_quickstart_runs_from_end_to_end_and_its_losses_are_the_CPUs()
    {
        double[] expected = Losses(DeviceChoice.Cpu, out var onCpu);
        using var device = new SoftwareDevice();
        double[] losses = Losses(DeviceChoice.Auto, out var result);
        Assert.Equal(["original", "teacher", "robust", "full_finetune"], result.Models.Select(m => m.Name));
        Assert.Equal(onCpu.Models.Select(m => m.Clean.Images), result.Models.Select(m => m.Clean.Images));
        Assert.Equal(expected.Length, losses.Length);
        for (int i = 0; i < losses.Length; i++)
            Assert.Equal(expected[i], losses[i], 1e-3 * expected[i]); // sums in another order, through a few dozen steps of optimizers
        device.ExpectClean();
        Assert.Equal(0, device.LiveAllocations);
    }

    /// <summary>Runs the quickstart and reads the loss of every epoch of every phase from its directory.</summary>
    private double[] Losses(DeviceChoice choice, out QuickstartResult result)
    {
        using var opened = OpenedDevice.Open(choice, workers: 2, output.WriteLine);
        output.WriteLine(opened.Backend.Description);
        Assert.Equal(choice == DeviceChoice.Cpu, opened.Backend.IsHostMemory);
        string run = Path.Combine(folder.FullName, choice.ToString());
        var context = new RunContext(opened.Backend, opened.Threads, SilentProgress.Instance, CancellationToken.None, output.WriteLine);
        result = QuickstartWorkflow.Run(
            new QuickstartOptions { Out = run, Size = QuickstartSize.Tiny, Images = 40, TestImages = 20, CorruptedImages = 0 }, context,
            json => json.WriteString("device", opened.Backend.Description));
        return [.. ((string[])["teacher", "robust", "full_finetune"])
            .SelectMany(phase => File.ReadLines(Path.Combine(run, phase, "metrics.jsonl")))
            .Select(line => JsonDocument.Parse(line).RootElement.GetProperty("loss").GetDouble())];
    }
}
