using Robustify.Kernels.Backends;
using Robustify.Kernels.Cpu;
using Robustify.Kernels.Cuda;
using Robustify.Native.Data.Loading;
using Robustify.Native.Data.Transforms;
using Robustify.Native.Graph;
using Robustify.Native.Models;
using Robustify.Native.Models.VisionTransformer;
using Robustify.Native.Training;
using Robustify.SoftwareCuda.Tests.Device;

namespace Robustify.SoftwareCuda.Tests.Training;

/// <summary>A visual prompt trained on CUDA, step by step beside the CPU's: the gradient goes through the whole frozen model to the pixels.</summary>
public sealed class PromptCurveTests
{
    private const int Side = 16, Classes = 5, Images = 24, BatchSize = 8, Steps = 6;

    [SoftwareCudaFact]
    public void Its_losses_and_pixels_follow_the_CPUs()
    {
        using var cpu = new CpuBackend(2);
        var (expected, pixels) = Run(new ComputeTarget(cpu));
        using var device = new SoftwareDevice();
        using (var cuda = CudaDevices.Open(new CudaOptions { Deterministic = true }))
        {
            var (losses, found) = Run(new ComputeTarget(cuda));

            // Sums in another order, through six steps.
            for (int i = 0; i < Steps; i++)
                Assert.Equal(expected[i], losses[i], 1e-4 * expected[i]);
            for (int i = 0; i < pixels.Length; i++)
                Assert.Equal(pixels[i], found[i], 2e-3);
            Assert.Equal(pixels.Select(x => x == 0), found.Select(x => x == 0));
        }

        device.ExpectClean();
    }

    private static (double[] Losses, float[] Pixels) Run(ComputeTarget target)
    {
        var model = new PromptedModel(
            new VisionTransformer(new VisionTransformerOptions
            {
                ImageSize = Side, PatchSize = 4, Channels = 1, Width = 32, Depth = 1, Heads = 2, MlpWidth = 48, Classes = Classes,
            }),
            width: 3);
        using var parameters = new ParameterStore(model.AllSpecs(), spec => spec.Name == PromptedModel.TensorName, target);
        parameters.Initialize(3);
        using var loader = new BatchLoader(new StripedPictures(Images, Side, Classes), [.. Enumerable.Range(0, Images)], new BatchLoaderOptions
        {
            BatchSize = BatchSize, ImageSize = Side, Normalization = Normalization.Half(1), Seed = 5, AugMixViews = 1,
        });
        using var step = new ClassificationStep(model, parameters, new ClassificationOptions { BatchSize = BatchSize, AugMixViews = 1, Seed = 6 }, target);
        using var trainer = new Trainer(target.Backend!, step, loader, new TrainerOptions
        {
            Epochs = Steps * BatchSize / Images, StepsBetweenReads = 1, Optimizer = new OptimizerOptions { Kind = OptimizerKind.Sgd, Rate = 1, MaximumGradientNorm = 1 },
        });
        double[] losses = new double[Steps];
        for (int i = 0; i < Steps; i++)
        {
            if (i % loader.BatchCount == 0)
                loader.StartEpoch(i / loader.BatchCount);
            losses[i] = trainer.Step(loader.Next()!);
        }

        float[] pixels = new float[parameters.TrainedCount];
        target.Backend!.Download(parameters.TrainedData, pixels.AsSpan());
        return (losses, pixels);
    }
}
