using System.Globalization;
using Robustify.Kernels;
using Robustify.Kernels.Cuda;
using Robustify.Native.Augment;
using Robustify.Native.Augment.Device;

namespace Robustify.Native.Data.Loading;

/// <summary>Memory of a loader of training batches, known before it is opened.</summary>
internal static class LoaderMemory
{
    /// <summary>Bytes of host memory that batches take: rows of floats, or on CUDA what the device makes rows of.</summary>
    public static long HostBytes(BatchLoaderOptions options, bool isCuda) =>
        options.PrefetchDepth * (isCuda ? SourceBytes(options) : (long)options.BatchSize * options.Views * options.RowLength * sizeof(float));

    /// <summary>
    /// Bytes of device memory that the loader takes on CUDA: a batch as the threads leave it, images at the model's size before and after the crop,
    /// pictures that PixMix mixes in, and the scratch of its kernels, of which the largest counts, as they take turns.
    /// </summary>
    public static long DeviceBytes(BatchLoaderOptions options) =>
        SourceBytes(options) + 2L * options.Crops * options.BatchSize * options.RowLength + PictureBytes(options) + Math.Max(MixtureScratch(options), NoiseScratch(options));

    /// <summary>Refuses what a device has no room for, before a part of it is taken.</summary>
    /// <param name="options">Of the loader.</param>
    /// <param name="availableBytes">What the device has free.</param>
    /// <exception cref="RobustifyException">It has less than <see cref="DeviceBytes"/>.</exception>
    public static void RequireDevice(BatchLoaderOptions options, long availableBytes)
    {
        const double mebibyte = 1 << 20;
        if (DeviceBytes(options) is var wanted && wanted > availableBytes)
            throw new RobustifyException(string.Create(
                CultureInfo.InvariantCulture,
                $"batch {options.BatchSize}: its images and their augmentation take {wanted / mebibyte:F0} MiB of the device, {availableBytes / mebibyte:F0} MiB are free; use a smaller batch"));
    }

    /// <summary>A batch as the threads leave it: bytes and draws.</summary>
    private static long SourceBytes(BatchLoaderOptions options) =>
        DeviceImages.BytesOf(options) + DrawBytes(options) + (options.Noise is null ? 0L : (long)NoiseDraw.Bytes * NoisyRows(options));

    private static long DrawBytes(BatchLoaderOptions options) => options switch
    {
        { AugMixViews: 0 } => 0,
        { Mixture: MixtureKind.Augmix } => AugMixRecord.BytesOf(options.AugMix, MixedRows(options)),
        { Mixture: MixtureKind.Pixmix } => PixMixRecord.BytesOf(options.PixMix, MixedRows(options)) + WindowBytes(options),
        _ => 0,
    };

    // Half of the rounds' layers are windows of pictures, and half of the rounds are drawn in the mean.
    private static long WindowBytes(BatchLoaderOptions options) =>
        options.PixMix.Pictures is null ? 0 : (long)MixedRows(options) * options.PixMix.Rounds / 4 * options.RowLength;

    private static long PictureBytes(BatchLoaderOptions options) => options is { AugMixViews: > 0, Mixture: MixtureKind.Pixmix, PixMix.Pictures: null }
        ? FractalPictures.BytesOf(PixMix.PictureSide(options.ImageSize), options.Normalization.Channels)
        : 0;

    private static long MixtureScratch(BatchLoaderOptions options) => options switch
    {
        { AugMixViews: 0 } => 0,
        { Mixture: MixtureKind.Augmix } =>
            CudaBackend.AugMixScratchBytes(MixedRows(options), options.AugMix.Width, options.RowLength, options.Normalization.Channels),
        { Mixture: MixtureKind.Pixmix } => CudaBackend.PixMixScratchBytes(MixedRows(options), options.RowLength, options.Normalization.Channels),
        _ => 0,
    };

    private static long NoiseScratch(BatchLoaderOptions options) => options.Noise is null
        ? 0
        : CudaBackend.NoiseScratchBytes(NoisyRows(options), options.ImageSize * options.ImageSize, options.Normalization.Channels);

    private static int MixedRows(BatchLoaderOptions options) => options.BatchSize * options.AugMixViews;

    private static int NoisyRows(BatchLoaderOptions options) => options.BatchSize * Math.Max(options.AugMixViews, 1);
}
