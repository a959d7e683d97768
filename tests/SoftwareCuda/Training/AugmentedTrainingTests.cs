using System.Text.Json;
using Robustify.Cli.Tests;
using Robustify.Kernels.Backends;
using Robustify.Kernels.Cuda;
using Robustify.Native.Augment;
using Robustify.SoftwareCuda.Tests.Device;

namespace Robustify.SoftwareCuda.Tests.Training;

/// <summary>Training on views that the device makes is training on those that the loader's threads make.</summary>
public sealed class AugmentedTrainingTests : IDisposable
{
    private const int Steps = 6;

    // Relative to the loss of an epoch: sums in another order, through four steps of an optimizer.
    private const double LossTolerance = 1e-4;

    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [SoftwareCudaTheory]
    [InlineData(MixtureKind.Noise2net)]
    [InlineData(MixtureKind.Standard)]
    public void Distillation_learns_the_same_numbers_to_the_bit_whoever_makes_the_views(MixtureKind mixture)
    {
        using var device = new SoftwareDevice();
        using (var cuda = CudaDevices.Open(new CudaOptions { Deterministic = true }))
        {
            var target = new ComputeTarget(cuda);
            var (_, byThreads) = TinyDistillation.Run(target, Steps, loading: options => options with { Mixture = mixture });
            var (_, byDevice) = TinyDistillation.Run(target, Steps, loading: options => options with { Mixture = mixture, Backend = cuda });
            Assert.All(byThreads, value => Assert.True(float.IsFinite(value)));
            Assert.Equal(byThreads, byDevice);
            var (_, ofAugMix) = TinyDistillation.Run(target, Steps, loading: options => options with { Backend = cuda });
            Assert.NotEqual(ofAugMix, byDevice);
        }

        device.ExpectClean();
    }

    [SoftwareCudaTheory]
    [InlineData("noise2net", "--augmix-views", "2")]
    [InlineData("noise2net", "--augmix-views", "0")]
    [InlineData("standard", "--augmix-views", "1")]
    public void The_verb_teach_follows_the_CPUs_loss(params string[] augmentation)
    {
        double[] expected = Losses("cpu", augmentation);
        using var device = new SoftwareDevice();
        double[] losses = Losses("cuda", augmentation);
        Assert.Equal(expected.Length, losses.Length);
        for (int i = 0; i < losses.Length; i++)
            Assert.Equal(expected[i], losses[i], LossTolerance * expected[i]);
        device.ExpectClean();
        Assert.Equal(0, device.LiveAllocations);
    }

    /// <summary>The loss of each epoch.</summary>
    private double[] Losses(string device, string[] augmentation)
    {
        string run = folder.PathOf(device);
        Call.Succeeding(
        [
            "teach", "--limit", "6", "--test-limit", "5", "--batch", "3", "--epochs", "2", "--workers", "2", "--noise-share", "0.5", "--device", device, "--out", run,
            "--augment", .. augmentation,
        ]);
        return [.. File.ReadLines(Path.Combine(run, "metrics.jsonl")).Select(line => JsonDocument.Parse(line).RootElement.GetProperty("loss").GetDouble())];
    }
}
