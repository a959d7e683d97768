using System.Runtime.InteropServices;
using Robustify.Kernels.Backends;
using Robustify.Kernels.Tensors;
using Robustify.Native.Augment;
using Robustify.Native.Data.Loading;
using Robustify.Native.Data.Transforms;

namespace Robustify.Native.Workflows.SelfTests;

/// <summary>An epoch of training batches. On the CPU: by three threads.</summary>
internal sealed class AugmentationCase : ImageCase
{
    private const int Side = 24;
    private const int LargerSide = 37;
    private const int Images = 6;

    private readonly BatchLoaderOptions options;
    private readonly double tolerance;

    private AugmentationCase(string operation, string detail, BatchLoaderOptions options, double tolerance = 0)
        : base(operation, $"{detail}, {Images} images, channels {options.Normalization.Channels}, views {options.Views}") =>
        (this.options, this.tolerance) = (options, tolerance);

    /// <inheritdoc/>
    public override DType Type => DType.Float32;

    /// <inheritdoc/>
    public override double Tolerance => tolerance;

    /// <summary>Every kind of view, in colour and in grey.</summary>
    public static IEnumerable<ImageCase> All()
    {
        foreach (int channels in (int[])[3, 1])
        {
            yield return new AugmentationCase("standard", "padded crops", Options(MixtureKind.Standard, 2, channels));
            yield return new AugmentationCase("standard", "resized crops", Options(MixtureKind.Standard, 1, channels) with
            {
                StandardAugmentation = StandardAugmentationOptions.Photographs, CreateResizer = () => new PillowResizer(),
            });
            yield return new AugmentationCase("augmix", "nine operations", Options(MixtureKind.Augmix, 2, channels));
            yield return new AugmentationCase("augmix", "all operations", Options(MixtureKind.Augmix, 2, channels) with
            {
                AugMix = new AugMixOptions { AllOperations = true, Severity = 10, Depth = 4 },
            });

            // Powers of two mathematics libraries differ in their last bits, and a round takes a power of a power.
            yield return new AugmentationCase("pixmix", "all operations", Options(MixtureKind.Pixmix, 2, channels) with
            {
                PixMix = new PixMixOptions { AllOperations = true },
            }, tolerance: 1e-4);
            yield return new AugmentationCase("noise2net", "half of them", Options(MixtureKind.Noise2net, 1, channels));
        }
    }

    /// <inheritdoc/>
    protected override float[] Expected() => Load(options with { Workers = 1 }, batch => batch.Images.ToArray());

    /// <inheritdoc/>
    protected override float[] Made(IBackend backend)
    {
        using var memory = backend.Allocate((long)Images * options.Views * options.RowLength * sizeof(float), Name);
        return Load(options with { Workers = 3, Backend = backend }, batch =>
        {
            var rows = memory.View(0, new Shape(batch.RowCount, Side, Side, options.Normalization.Channels));
            batch.Bring(backend, 0, batch.Views, rows);
            var values = new float[rows.Shape.Count];
            backend.Download(rows, MemoryMarshal.AsBytes(values.AsSpan()));
            return values;
        });
    }

    private float[] Load(BatchLoaderOptions loading, Func<Batch, float[]> read)
    {
        var pictures = new DrawnPictures(Images, Width, Width, options.Normalization.Channels);
        using var loader = new BatchLoader(pictures, [.. Enumerable.Range(0, Images)], loading);
        loader.StartEpoch(1);
        var values = new List<float>();
        while (loader.Next() is { } batch)
            values.AddRange(read(batch));
        return [.. values];
    }

    private int Width => options.StandardAugmentation.ResizedCrop is null ? Side : LargerSide;

    private static BatchLoaderOptions Options(MixtureKind kind, int views, int channels) => new()
    {
        BatchSize = Images / 2, ImageSize = Side, Normalization = channels == 3 ? Normalization.ImageNet : Normalization.FashionMnist, Seed = 9,
        Mixture = kind, AugMixViews = views, StandardAugmentation = StandardAugmentationOptions.SmallImages,
    };
}
