using Robustify.Kernels.Backends;
using Robustify.Native.Data.Loading;
using Robustify.Native.Data.Transforms;
using Robustify.Native.Graph;
using Robustify.Native.Method;
using Robustify.Native.Models;
using Robustify.Native.Models.ResNet;
using Robustify.Native.Models.VisionTransformer;
using Robustify.Native.Training;

namespace Robustify.SoftwareCuda.Tests.Training;

/// <summary>A tiny ViT distilled from a tiny ResNet: the whole step of the method, with every kind of layer, on any device.</summary>
internal static class TinyDistillation
{
    public const int Side = 16, Classes = 5, BatchSize = 8;

    private const int Images = 64;

    /// <summary>The ResNet.</summary>
    public static ResNet Teacher() => new(new ResNetOptions
    {
        ImageSize = Side, Channels = 1, Layers = [1, 1], Widths = [8, 16], StemWidth = 8, SmallImageStem = true, Classes = Classes,
    });

    /// <summary>The sum of the losses of every step, and every trained number at the end.</summary>
    /// <param name="target">Where.</param>
    /// <param name="steps">How many.</param>
    /// <param name="stepsBetweenReads">Steps after which losses are read.</param>
    /// <param name="loading">Changes how images are loaded; null for AugMix by the threads.</param>
    public static (double[] Losses, float[] Trained) Run(
        ComputeTarget target, int steps, int stepsBetweenReads = 1, Func<BatchLoaderOptions, BatchLoaderOptions>? loading = null)
    {
        var student = new ThreeHeadedStudent(
            new VisionTransformer(new VisionTransformerOptions
            {
                ImageSize = Side, PatchSize = 4, Channels = 1, Width = 64, Depth = 2, Heads = 2, MlpWidth = 96, Classes = Classes,
                Dropout = 0.1f, StochasticDepth = 0.1f,
            }),
            tailBlocks: 1, TailKind.Shared, TunedEnd.First);
        var teacher = Teacher();
        using var parameters = new ParameterStore(student.TrainingSpecs, student.IsTrained, target);
        using var teacherParameters = new ParameterStore(teacher.AllSpecs(), _ => false, target);
        parameters.Initialize(3);
        teacherParameters.Initialize(4);
        var options = new BatchLoaderOptions { BatchSize = BatchSize, ImageSize = Side, Normalization = Normalization.Half(1), Seed = 5, AugMixViews = 1 };
        using var loader = new BatchLoader(
            new StripedPictures(Images, Side, Classes), [.. Enumerable.Range(0, Images)], loading is null ? options : loading(options));
        using var step = new DistillationStep(
            student, parameters, teacher, teacherParameters, new DistillationOptions { BatchSize = BatchSize, Seed = 6 }, target);
        using var trainer = new Trainer(target.Backend!, step, loader, new TrainerOptions
        {
            Epochs = (steps + loader.BatchCount - 1) / loader.BatchCount, StepsBetweenReads = stepsBetweenReads,
            Optimizer = new OptimizerOptions { Kind = OptimizerKind.AdamW, Rate = 2e-3, WeightDecay = 0.05, MaximumGradientNorm = 1 },
        });
        var losses = new double[steps];
        for (int i = 0; i < steps; i++)
        {
            if (i % loader.BatchCount == 0)
                loader.StartEpoch(i / loader.BatchCount);
            losses[i] = trainer.Step(loader.Next()!);
        }

        var trained = new float[parameters.TrainedCount];
        target.Backend!.Download(parameters.TrainedData, trained.AsSpan());
        return (losses, trained);
    }
}
