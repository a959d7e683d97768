using Robustify.Kernels.Cpu;
using Robustify.Native.Data.Loading;
using Robustify.Native.Data.Transforms;
using Robustify.Native.Graph;
using Robustify.Native.Models;
using Robustify.Native.Tests.Data.Loading;
using Robustify.Native.Tests.Models;
using Robustify.Native.Training;

namespace Robustify.Native.Tests.Training;

/// <summary>A whole training run on synthetic images, ready to start: model, loader, step, trainer.</summary>
internal sealed class SmallRun : IDisposable
{
    public const int Epochs = 3, Images = 24, BatchSize = 4;

    public SmallRun(string model, int augMixViews, OptimizerKind optimizer = OptimizerKind.AdamW, int workers = 1)
    {
        Model = SmallModels.Create(model);
        Parameters = new ParameterStore(Model.AllSpecs(), _ => true);
        Parameters.Initialize(3);
        Backend = new CpuBackend(workers);
        Loader = new BatchLoader(
            new SyntheticSource(Images, Model.ImageSize, 1), [.. Enumerable.Range(0, Images)], new BatchLoaderOptions
            {
                BatchSize = BatchSize, ImageSize = Model.ImageSize, Normalization = Normalization.Half(1), Seed = 4, AugMixViews = augMixViews,
                StandardAugmentation = new StandardAugmentationOptions { Padding = 2, FlipProbability = 0.5 },
            });
        Step = new ClassificationStep(Model, Parameters, new ClassificationOptions
        {
            BatchSize = BatchSize, AugMixViews = augMixViews, HeadDropout = 0.1f, LabelSmoothing = 0.1f, Seed = 4,
        });
        Trainer = new Trainer(Backend, Step, Loader, new TrainerOptions
        {
            Epochs = Epochs,
            Optimizer = new OptimizerOptions { Kind = optimizer, Rate = 0.01, WeightDecay = 0.01, MaximumGradientNorm = 1 },
        });
    }

    public IVisionModel Model { get; }

    public ParameterStore Parameters { get; }

    public CpuBackend Backend { get; }

    public BatchLoader Loader { get; }

    public ClassificationStep Step { get; }

    public Trainer Trainer { get; }

    /// <summary>Every tensor, running statistics too.</summary>
    public float[] Tensors => [.. Parameters.All.SelectMany(p => p.Value.View.Span.ToArray())];

    public void Dispose()
    {
        Trainer.Dispose();
        Step.Dispose();
        Loader.Dispose();
        Parameters.Dispose();
        Backend.Dispose();
    }
}
