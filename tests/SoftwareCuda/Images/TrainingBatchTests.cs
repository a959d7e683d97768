using Robustify.Cli.Tests;
using Robustify.Kernels;
using Robustify.Kernels.Backends;
using Robustify.Kernels.Random;
using Robustify.Kernels.Tensors;
using Robustify.Native.Augment;
using Robustify.Native.Data.Images;
using Robustify.Native.Data.Loading;
using Robustify.Native.Data.Sources;
using Robustify.Native.Data.Transforms;
using Robustify.SoftwareCuda.Tests.Device;

namespace Robustify.SoftwareCuda.Tests.Images;

/// <summary>Training batches made on the device against those that the loader's threads make, draw by draw.</summary>
public sealed class TrainingBatchTests
{
    private const int Side = 24;

    [SoftwareCudaTheory]
    [InlineData(0, 1, false)]
    [InlineData(1, 3, false)]
    [InlineData(2, 3, false)]
    [InlineData(2, 1, true)]
    [InlineData(2, 3, true)]
    public void AugMix_and_standard_augmentation_give_the_threads_rows_to_the_bit(int views, int channels, bool check)
    {
        var options = Options(views, channels) with { AugMix = new AugMixOptions { AllOperations = true, Severity = 10 } };
        ExpectThreads(options, new SoftwareDeviceOptions { Check = check, Order = check ? ThreadOrder.Forward : ThreadOrder.Random }, 0);
    }

    [SoftwareCudaFact]
    public void Long_chains_and_resized_crops_of_larger_pictures_do_too()
    {
        var options = Options(2, 3) with
        {
            AugMix = new AugMixOptions { Width = 5, Depth = 6 }, CreateResizer = () => new PillowResizer(),
            StandardAugmentation = new StandardAugmentationOptions { ResizedCrop = new ResizedCrop(), FlipProbability = 0.5 },
        };
        ExpectThreads(options, new(), 0, pictureSide: 37);
    }

    /// <summary>
    /// Pictures from a quarter of the model's size to ten times it, of every shape: enlarged, reduced, reduced so much that the threads do it, and
    /// more bytes in a batch than the device has room for.
    /// </summary>
    [SoftwareCudaTheory]
    [InlineData(ResampleFilter.Bilinear, 3, true, false)]
    [InlineData(ResampleFilter.Bicubic, 1, true, false)]
    [InlineData(ResampleFilter.Lanczos, 3, false, false)]
    [InlineData(ResampleFilter.Nearest, 1, true, false)]
    [InlineData(ResampleFilter.Bilinear, 1, false, true)]
    public void Pictures_of_unlike_sizes_are_resized_to_the_threads_rows(ResampleFilter filter, int channels, bool isCropped, bool check)
    {
        (int Width, int Height)[] sizes = [(6, 7), (24, 24), (24, 40), (61, 33), (30, 96), (240, 25), (120, 110), (96, 96), (95, 97), (70, 70), (90, 91), (24, 23), (25, 24)];
        var options = Options(1, channels) with
        {
            CreateResizer = () => new PillowResizer(filter), ShorterSide = 27, BatchSize = 6,
            StandardAugmentation = isCropped ? StandardAugmentationOptions.Photographs : StandardAugmentationOptions.SmallImages,
        };
        bool resizes = ExpectThreads(options, new SoftwareDeviceOptions { Check = check }, 0, new DrawnPictures(sizes, channels));
        Assert.Equal(filter != ResampleFilter.Nearest, resizes);
    }

    /// <summary>Powers of the device's and the host's mathematics libraries differ in their last bits, and a round takes a power of a power.</summary>
    [SoftwareCudaTheory]
    [InlineData(1, false)]
    [InlineData(3, false)]
    [InlineData(3, true)]
    public void PixMix_gives_the_threads_rows_but_for_the_last_bits_of_powers(int channels, bool check)
    {
        var options = Options(2, channels) with { Mixture = MixtureKind.Pixmix, PixMix = new PixMixOptions { AllOperations = true } };
        ExpectThreads(options, new SoftwareDeviceOptions { Check = check, Order = check ? ThreadOrder.Forward : ThreadOrder.Reverse }, 1e-4);
    }

    /// <summary>Pictures of unlike sizes, more windows of them than one segment of memory takes, and one batch after another.</summary>
    [SoftwareCudaTheory]
    [InlineData(1)]
    [InlineData(3)]
    public void PixMix_with_a_folders_pictures_does_too(int channels)
    {
        using var folder = new TemporaryFolder();
        for (int i = 0; i < 5; i++)
            ImageFile.Write(folder.PathOf($"{i}.png"), DeviceImages.Draw(i + 1, 40 + 9 * i, 70 - 5 * i, 3)[i], ImageEncoding.Png);
        var options = Options(2, channels) with { Mixture = MixtureKind.Pixmix, PixMix = new PixMixOptions { Pictures = folder.Root, Rounds = 16 }, BatchSize = 11 };
        ExpectThreads(options, new SoftwareDeviceOptions { Order = ThreadOrder.Random }, 1e-4, count: 33);
    }

    /// <summary>The second view of standard augmentation is a crop and flip of its own, from a picture of its own where crops are resized.</summary>
    [SoftwareCudaTheory]
    [InlineData(1, 3, false)]
    [InlineData(2, 1, false)]
    [InlineData(2, 3, true)]
    public void Standard_views_are_the_threads_to_the_bit(int views, int channels, bool isResized)
    {
        var options = Options(views, channels) with { Mixture = MixtureKind.Standard };
        if (isResized)
            options = options with { CreateResizer = () => new PillowResizer(), StandardAugmentation = StandardAugmentationOptions.Photographs };
        ExpectThreads(options, new SoftwareDeviceOptions { Order = ThreadOrder.Random }, 0, isResized ? 37 : Side);
    }

    /// <summary>
    /// Weights, convolutions, sums over planes and what follows: nothing of Noise2Net depends on the device. A block takes 512 pixels, a sum 256.
    /// </summary>
    [SoftwareCudaTheory]
    [InlineData(MixtureKind.Noise2net, 1, 1, 24, ThreadOrder.Reverse)]
    [InlineData(MixtureKind.Noise2net, 0, 3, 13, ThreadOrder.Random)]
    [InlineData(MixtureKind.Augmix, 2, 3, 9, ThreadOrder.Forward)]
    [InlineData(MixtureKind.Standard, 1, 1, 2, ThreadOrder.Reverse)]
    public void Noise_of_random_networks_is_the_threads_to_the_bit(MixtureKind mixture, int views, int channels, int side, ThreadOrder order) =>
        ExpectThreads(
            Options(views, channels) with { Mixture = mixture, ImageSize = side, NoiseNetwork = new NoiseNetworkOptions { Share = 0.7 } },
            new SoftwareDeviceOptions { Order = order, Seed = 4 }, 0, side, count: 7);

    [SoftwareCudaFact]
    public void A_checked_device_finds_no_fault_in_the_noise() => ExpectThreads(
        Options(1, 3) with { Mixture = MixtureKind.Noise2net, BatchSize = 2, ImageSize = 7, NoiseNetwork = new NoiseNetworkOptions { Share = 1 } },
        new SoftwareDeviceOptions { Check = true }, 0, pictureSide: 7, count: 2);

    private static BatchLoaderOptions Options(int views, int channels) => new()
    {
        BatchSize = 5, ImageSize = Side, Normalization = channels == 3 ? Normalization.ImageNet : Normalization.FashionMnist, Seed = 9, AugMixViews = views,
        StandardAugmentation = new StandardAugmentationOptions { Padding = 4, FlipProbability = 0.5 }, Workers = 3,
    };

    private static bool ExpectThreads(
        BatchLoaderOptions options, SoftwareDeviceOptions deviceOptions, double tolerance, int pictureSide = Side, int count = 13) =>
        ExpectThreads(options, deviceOptions, tolerance, new DrawnPictures([.. Enumerable.Repeat((pictureSide, pictureSide), count)], options.Normalization.Channels));

    /// <summary>Compares an epoch; whether the device resized an image of it.</summary>
    private static bool ExpectThreads(BatchLoaderOptions options, SoftwareDeviceOptions deviceOptions, double tolerance, DrawnPictures source)
    {
        bool resizes = false;
        using var device = new DeviceImages(deviceOptions);
        using var host = new BatchLoader(source, [.. Enumerable.Range(0, source.Count)], options);
        using var loader = new BatchLoader(source, [.. Enumerable.Range(0, source.Count)], options with { Backend = device.Backend });
        host.StartEpoch(1);
        loader.StartEpoch(1);
        while (host.Next() is { } expected)
        {
            var batch = loader.Next()!;
            resizes |= batch.DeviceImages!.Resizes;
            Assert.Equal(expected.SampleIds.ToArray(), batch.SampleIds.ToArray());
            for (int firstView = 0; firstView < Math.Min(2, options.Views); firstView++)
                ExpectRows(device, options, expected, batch, firstView, tolerance);
        }

        Assert.Null(loader.Next());
        Assert.Throws<InvalidOperationException>(() => StartedImages(loader));
        return resizes;
    }

    private static void ExpectRows(DeviceImages device, BatchLoaderOptions options, Batch expected, Batch batch, int firstView, double tolerance)
    {
        int views = batch.Views - firstView;
        var rows = device.New(DType.Float32, new Shape(views * batch.Count, options.ImageSize, options.ImageSize, options.Normalization.Channels));
        batch.Bring(device.Backend, firstView, views, rows);
        var made = new float[rows.Shape.Count];
        device.Backend.Download(rows, System.Runtime.InteropServices.MemoryMarshal.AsBytes(made.AsSpan()));
        var wanted = expected.Images[(firstView * batch.Count * batch.RowLength)..];
        for (int i = 0; i < made.Length; i++)
        {
            Assert.True(
                Math.Abs(made[i] - wanted[i]) <= tolerance,
                $"view {firstView + i / (batch.Count * batch.RowLength)}, image {i / batch.RowLength % batch.Count}, element {i % batch.RowLength}: {made[i]}, {wanted[i]} expected");
        }

        device.ExpectClean();
    }

    private static int StartedImages(BatchLoader loader)
    {
        loader.StartEpoch(2);
        return loader.Next()!.Images.Length;
    }

    /// <summary>Pictures with flat parts, gradients and noise.</summary>
    private sealed class DrawnPictures((int Width, int Height)[] sizes, int channels) : IImageSource
    {
        private readonly Image8[] pictures = [.. sizes.Select((size, i) => DeviceImages.Draw(i + 1, size.Width, size.Height, channels)[i])];

        public string Description => "drawn pictures";

        public int Count => pictures.Length;

        public IReadOnlyList<string> ClassNames => ["only"];

        public int Label(int index) => 0;

        public void Read(int index, Image8 destination) => destination.CopyFrom(pictures[index]);
    }
}
