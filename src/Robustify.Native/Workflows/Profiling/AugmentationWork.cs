using Robustify.Kernels;
using Robustify.Kernels.Backends;
using Robustify.Kernels.Memory;
using Robustify.Kernels.Tensors;
using Robustify.Native.Augment;
using Robustify.Native.Data.Loading;
using Robustify.Native.Data.Transforms;
using Robustify.Native.Files;
using Robustify.Native.Workflows.SelfTests;

namespace Robustify.Native.Workflows.Profiling;

/// <summary>
/// A training batch at 224 pixels of pictures that are decoded already: a random resized crop and one augmented view of each, the draws of all cores
/// included, until the rows lie on the device.
/// </summary>
internal sealed class AugmentationWork : DeviceWork
{
    /// <summary>What a work's name begins with; the kind of view follows.</summary>
    public const string Prefix = "augment.";

    // The mean size of ImageNet's photographs.
    private const int Width = 500, Height = 375;
    private const int Side = 224;
    private const int Channels = 3;
    private const int Pictures = 8;

    private readonly IBackend backend;
    private readonly BatchLoader loader;
    private readonly DeviceBuffer memory;
    private readonly TensorView rows;

    /// <exception cref="RobustifyException">There is no such kind, or the device has not enough memory.</exception>
    public AugmentationWork(string name, int batch, ComputeTarget target)
        : base(name, batch)
    {
        var kind = ChoiceWords.Find<MixtureKind>(name[Prefix.Length..])
            ?? throw new RobustifyException($"profile: work '{name}' found, {Prefix} with one of {ChoiceWords.All<MixtureKind>(", ")} expected");
        var augmentation = new AugmentationOptions { Kind = kind };
        backend = target.Backend!;
        var options = new BatchLoaderOptions
        {
            BatchSize = batch, ImageSize = Side, Normalization = Normalization.ImageNet, Mixture = kind, AugMixViews = 1, Workers = Math.Min(Environment.ProcessorCount, 256),
            AugMix = augmentation.AugMixFor(Side), PixMix = augmentation.PixMixFor(Side), NoiseNetwork = augmentation.Noise,
            StandardAugmentation = StandardAugmentationOptions.Photographs, CreateResizer = () => new PillowResizer(), Backend = backend,
        };
        loader = new BatchLoader(new DrawnPictures(Pictures, Width, Height, Channels), [.. Enumerable.Range(0, batch).Select(i => i % Pictures)], options);
        try
        {
            var shape = new Shape(batch * options.Views, Side, Side, Channels);
            memory = backend.Allocate(shape.Count * sizeof(float), name);
            rows = memory.View(0, shape);
        }
        catch
        {
            loader.Dispose();
            throw;
        }
    }

    /// <summary>The threads draw every batch.</summary>
    public override bool CanBeCaptured => false;

    /// <inheritdoc/>
    public override void Run()
    {
        loader.StartEpoch(0);
        var batch = loader.Next()!;
        batch.Bring(backend, 0, batch.Views, rows);
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        loader.Dispose();
        memory.Dispose();
    }
}
