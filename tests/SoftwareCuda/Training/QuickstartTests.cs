using System.Text.Json;
using Robustify.Kernels;
using Robustify.Native.Corruptions;
using Robustify.Native.Evaluation;
using Robustify.Native.Runs;
using Robustify.Native.Workflows;
using Robustify.SoftwareCuda.Tests.Device;
using Xunit.Abstractions;

namespace Robustify.SoftwareCuda.Tests.Training;

/// <summary>The verb quickstart as <c>--size tiny --device cuda</c> runs it, with every corruption, beside the CPU's.</summary>
public sealed class QuickstartTests(ITestOutputHelper output) : IDisposable
{
    // Relative to the loss of an epoch: sums in another order, through up to some dozen steps of optimizers (9e-8 measured, 5e-6 with fewer images).
    private const double LossTolerance = 1e-4;

    // Trained models whose numbers differ in the last digits answer alike but for images on the edge between two classes.
    private const double AccuracyTolerance = 0.02;

    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("robustify-quickstart-");

    public void Dispose() => folder.Delete(recursive: true);

    [SoftwareCudaFact]
    public void The_tiny_quickstart_trains_and_measures_on_CUDA_what_it_does_on_the_CPU()
    {
        double[] expected = Losses(DeviceChoice.Cpu, out var onCpu);
        using var device = new SoftwareDevice();
        double[] losses = Losses(DeviceChoice.Auto, out var result);
        for (int i = 0; i < losses.Length; i++)
            output.WriteLine($"loss {i}: {losses[i]:G9}, CPU {expected[i]:G9}, relative difference {Math.Abs(losses[i] / expected[i] - 1):E1}");
        Assert.Equal(expected.Length, losses.Length);
        for (int i = 0; i < losses.Length; i++)
            Assert.Equal(expected[i], losses[i], LossTolerance * expected[i]);

        Assert.Equal(["original", "teacher", "robust", "full_finetune"], result.Models.Select(m => m.Name));
        foreach (var (ours, theirs) in result.Models.Zip(onCpu.Models))
            Compare(ours, theirs);
        device.ExpectClean();
        Assert.Equal(0, device.LiveAllocations);
    }

    /// <summary>Every corruption at every severity, the same images of each, and the same accuracy but for a few answers.</summary>
    private void Compare(ModelResult ours, ModelResult theirs)
    {
        output.WriteLine($"{ours.Name}: clean {ours.Clean.Top1:P1} (CPU {theirs.Clean.Top1:P1}), corrupted {ours.MeanCorruptionTop1:P1} (CPU {theirs.MeanCorruptionTop1:P1})");
        Assert.Equal(
            CorruptionCatalog.All.Select(c => c.Name).Order(), ours.Scores.Keys.Select(c => c.Corruption).OfType<string>().Distinct().Order());
        Assert.Equal(theirs.Scores.Keys, ours.Scores.Keys);
        Assert.All(ours.Scores, score => Assert.Equal(theirs.Scores[score.Key].Images, score.Value.Images));
        Assert.Equal(theirs.Clean.Top1, ours.Clean.Top1, AccuracyTolerance);
        Assert.Equal(theirs.MeanCorruptionTop1, ours.MeanCorruptionTop1, AccuracyTolerance);
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
            new QuickstartOptions { Out = run, Size = QuickstartSize.Tiny }, context, json => json.WriteString("device", opened.Backend.Description));
        return [.. ((string[])["teacher", "robust", "full_finetune"])
            .SelectMany(phase => File.ReadLines(Path.Combine(run, phase, "metrics.jsonl")))
            .Select(line => JsonDocument.Parse(line).RootElement.GetProperty("loss").GetDouble())];
    }
}
