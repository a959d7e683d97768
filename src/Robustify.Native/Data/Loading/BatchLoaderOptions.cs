using Robustify.Kernels;
using Robustify.Kernels.Backends;
using Robustify.Kernels.Cuda;
using Robustify.Native.Augment;
using Robustify.Native.Data.Images;
using Robustify.Native.Data.Transforms;

namespace Robustify.Native.Data.Loading;

/// <summary>Whether batches are for training or for measuring.</summary>
public enum LoaderMode
{
    /// <summary>Shuffled, augmented, whole batches only (except where the set is smaller than one).</summary>
    Training,

    /// <summary>In the order of the indices, resized and cropped to the middle, one view, every image.</summary>
    Evaluation,
}

/// <summary>What a <see cref="BatchLoader"/> makes of its source.</summary>
public sealed record BatchLoaderOptions
{
    /// <summary>Training or evaluation.</summary>
    public LoaderMode Mode { get; init; } = LoaderMode.Training;

    /// <summary>Images a batch, not counting views.</summary>
    public required int BatchSize { get; init; }

    /// <summary>Side of the model's square input, in pixels.</summary>
    public required int ImageSize { get; init; }

    /// <summary>Mean and deviation; its channels (1 or 3) are the model's.</summary>
    public required Normalization Normalization { get; init; }

    /// <summary>Key of every draw.</summary>
    public ulong Seed { get; init; }

    /// <summary>Training only: independent mixtures beside the clean image, 0 to 2.</summary>
    public int AugMixViews { get; init; }

    /// <summary>How these are made.</summary>
    public MixtureKind Mixture { get; init; }

    /// <summary>How AugMix draws.</summary>
    public AugMixOptions AugMix { get; init; } = new();

    /// <summary>How PixMix draws.</summary>
    public PixMixOptions PixMix { get; init; } = new();

    /// <summary>
    /// Training only: augmented versions of each image, which epochs take in turn; 0 draws anew in every epoch. The order of the images is each
    /// epoch's own all the same.
    /// </summary>
    public int AugmentBank { get; init; }

    /// <summary>Whether batches hold labels and numbers alone: for steps whose frozen part is stored.</summary>
    public bool WithoutImages { get; init; }

    /// <summary>Training only: noise from random networks over the views, or over the image where there are none; null for none.</summary>
    public NoiseNetworkOptions? NoiseNetwork { get; init; }

    /// <summary>Training only: crop and flip, shared by all views of an image.</summary>
    public StandardAugmentationOptions StandardAugmentation { get; init; } = StandardAugmentationOptions.None;

    /// <summary>What the shorter side is resized to before the centre crop; null takes <see cref="EvaluationTransform.DefaultShorterSide"/>.</summary>
    public int? ShorterSide { get; init; }

    /// <summary>Makes each worker's own resizer; null where every image already has the model's size.</summary>
    public Func<IImageResizer>? CreateResizer { get; init; }

    /// <summary>
    /// Where batches go. On CUDA, training images are cut, mirrored, mixed, normalised and given noise there, from bytes and from draws that the
    /// threads leave. Null for host memory.
    /// </summary>
    public IBackend? Backend { get; init; }

    /// <summary>The device that makes the rows; null where the threads do, or where there are none.</summary>
    internal CudaBackend? Device => Mode == LoaderMode.Training && !WithoutImages ? Backend as CudaBackend : null;

    /// <summary>Crops and flips that are drawn for an image: one, which its views share, or one a view.</summary>
    internal int Crops => Mixture == MixtureKind.Standard ? Views : 1;

    /// <summary>The noise of training; null for none.</summary>
    internal NoiseNetworkOptions? Noise => NoiseNetwork ?? (Mixture == MixtureKind.Noise2net ? new NoiseNetworkOptions() : null);

    /// <summary>Threads that prepare samples, 1 to 256. The result does not depend on it.</summary>
    public int Workers { get; init; } = 1;

    /// <summary>Batches held in memory: one with the consumer, the others prepared ahead; 2 to 16.</summary>
    public int PrefetchDepth { get; init; } = 3;

    /// <summary>Rows an image has in a batch: 1 + <see cref="AugMixViews"/> in training, 1 in evaluation, 0 without images.</summary>
    public int Views => WithoutImages ? 0 : Mode == LoaderMode.Training ? 1 + AugMixViews : 1;

    /// <summary>Floats a row: ImageSize x ImageSize x channels.</summary>
    public int RowLength => ImageSize * ImageSize * Normalization.Channels;

    /// <summary>Refuses values outside their range.</summary>
    /// <exception cref="RobustifyException">Names the option, its value and its range.</exception>
    public void Validate()
    {
        if (BatchSize < 1)
            throw new RobustifyException($"batch loader: batch size {BatchSize} is below 1");
        if (ImageSize is < 1 or > Image8.MaxSide)
            throw new RobustifyException($"batch loader: image size {ImageSize} is outside 1..{Image8.MaxSide}");
        if (AugmentBank < 0)
            throw new RobustifyException($"batch loader: a bank of {AugmentBank} versions asked for, at least 0 possible");
        if (AugMixViews is < 0 or > 2)
            throw new RobustifyException($"batch loader: {AugMixViews} AugMix views asked for, 0, 1 or 2 possible");
        if (Workers is < 1 or > 256)
            throw new RobustifyException($"batch loader: {Workers} workers are outside 1..256");
        if (PrefetchDepth is < 2 or > 16)
            throw new RobustifyException($"batch loader: prefetch depth {PrefetchDepth} is outside 2..16");
        double floats = (double)BatchSize * Views * ImageSize * ImageSize * Normalization.Channels;
        if (floats > Batch.MaxFloats)
            throw new RobustifyException(
                $"batch loader: {BatchSize} images x {Views} views of {ImageSize}x{ImageSize}x{Normalization.Channels} need {floats:0} floats a batch, "
                + $"at most {Batch.MaxFloats} are possible; use a smaller batch");
        AugMix.Validate();
        NoiseNetwork?.Validate();
        PixMix.Validate();
        StandardAugmentation.Validate();
    }
}
