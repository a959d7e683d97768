using Robustify.Kernels;
using Robustify.Kernels.Tensors;
using Robustify.Native.Augment;
using Robustify.Native.Data.Loading;
using Robustify.Native.Data.Transforms;
using Robustify.SoftwareCuda.Tests.Device;
using Robustify.SoftwareCuda.Tests.Training;

namespace Robustify.SoftwareCuda.Tests.Images;

/// <summary>What a plan says of the loader's device memory, against what is gone from the device once a batch has been made.</summary>
public sealed class LoaderMemoryTests
{
    private const int Side = 56, BatchSize = 24;

    // Scratch comes in whole MiB; each allocation is rounded up to 256 bytes.
    private const long Rounding = (1 << 20) + 64 * 256;

    [SoftwareCudaTheory]
    [InlineData(MixtureKind.Augmix, 2)]
    [InlineData(MixtureKind.Augmix, 0)]
    [InlineData(MixtureKind.Pixmix, 1)]
    [InlineData(MixtureKind.Standard, 2)]
    public void The_planned_memory_is_what_the_device_gives(MixtureKind mixture, int views)
    {
        (long planned, long taken) = Measure(Options(mixture, views));
        Assert.InRange(taken - planned, -64 * 256, Rounding);
    }

    /// <summary>The share of the rows that get noise is drawn, so the plan is what all of them would take.</summary>
    [SoftwareCudaFact]
    public void Noise_takes_no_more_than_is_planned()
    {
        (long planned, long taken) = Measure(Options(MixtureKind.Noise2net, 1) with { BatchSize = 6, NoiseNetwork = new NoiseNetworkOptions { Share = 0.5 } });
        Assert.InRange(taken, planned / 4, planned + Rounding);
    }

    [SoftwareCudaFact]
    public void A_device_without_room_for_a_batch_is_told_before_anything_is_taken()
    {
        const int mebibyte = 1 << 20;
        using var device = new DeviceImages(new() { MemoryBytes = 12 * mebibyte });
        long before = device.Backend.AvailableBytes;
        var options = Options(MixtureKind.Augmix, 2) with { BatchSize = 300, Backend = device.Backend };
        var refused = Assert.Throws<RobustifyException>(() => new BatchLoader(new StripedPictures(300, Side, 3), [.. Enumerable.Range(0, 300)], options));
        Assert.Equal($"batch 300: its images and their augmentation take {LoaderMemory.DeviceBytes(options) / (double)mebibyte:F0} MiB of the device, {before / (double)mebibyte:F0} MiB are free; use a smaller batch", refused.Message);
        Assert.Equal(before, device.Backend.AvailableBytes);
        using var fitting = new BatchLoader(new StripedPictures(300, Side, 3), [.. Enumerable.Range(0, 300)], options with { BatchSize = 100 });
    }

    private static BatchLoaderOptions Options(MixtureKind mixture, int views) => new()
    {
        BatchSize = BatchSize, ImageSize = Side, Normalization = Normalization.FashionMnist, AugMixViews = views, Mixture = mixture,
        CreateResizer = () => new PillowResizer(), StandardAugmentation = StandardAugmentationOptions.Photographs, Workers = 2,
    };

    private static (long Planned, long Taken) Measure(BatchLoaderOptions options)
    {
        using var device = new DeviceImages(new());
        var rows = device.New(DType.Float32, new Shape(options.BatchSize * options.Views, Side, Side, 1));
        long before = device.Backend.AvailableBytes;
        using var loader = new BatchLoader(
            new StripedPictures(options.BatchSize, Side + 9, 3), [.. Enumerable.Range(0, options.BatchSize)], options with { Backend = device.Backend });
        loader.StartEpoch(0);
        loader.Next()!.Bring(device.Backend, 0, options.Views, rows);
        device.Backend.Synchronize();
        device.ExpectClean();
        return (LoaderMemory.DeviceBytes(options), before - device.Backend.AvailableBytes);
    }
}
