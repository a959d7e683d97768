using Robustify.Kernels.Tensors;

namespace Robustify.Kernels.Cuda;

/// <summary>Noise from random networks on normalised rows [rows, height, width, channels] Float32, 1 or 3 channels.</summary>
internal sealed partial class CudaBackend
{
    private const int NoisePixels = 2;
    private const int NoiseHidden = NoiseDraw.Groups * NoiseDraw.GroupChannels;
    private const int NoisePlanes = NoiseHidden + NoiseDraw.GroupChannels;

    /// <summary>Adds its noise to each row that has a draw.</summary>
    /// <param name="rows">Changed in place.</param>
    /// <param name="draws">[works] of <see cref="NoiseDraw"/>, no two of one row.</param>
    /// <param name="works">How many.</param>
    /// <param name="seed">Key of the draws.</param>
    internal void Noise2Net(TensorView rows, TensorView draws, int works, ulong seed)
    {
        int height = rows.Shape[1], width = rows.Shape[2], channels = rows.Shape[3], pixels = height * width;
        int together = NoiseRowsTogether(works, pixels, channels);
        nint weights = Scratch(NoiseScratchBytes(works, pixels, channels));
        for (int first = 0; first < works; first += together)
            Noise2Net(rows, draws.Pointer + first * NoiseDraw.Bytes, Math.Min(together, works - first), seed, weights, height, width, channels);
    }

    /// <summary>Scratch memory of noise on so many rows.</summary>
    internal static long NoiseScratchBytes(int works, int pixels, int channels) =>
        NoiseRowsTogether(works, pixels, channels) * NoiseBytesOfRow(pixels, channels);

    private static int NoiseRowsTogether(int works, int pixels, int channels) =>
        (int)Math.Clamp(MostScratchBytes / NoiseBytesOfRow(pixels, channels), 1, Math.Max(works, 1));

    private static long NoiseBytesOfRow(int pixels, int channels) =>
        sizeof(float) * (NoiseDraw.BlockCount * NoiseWeights(channels) + (long)NoisePlanes * pixels);

    private void Noise2Net(TensorView rows, nint draws, int works, ulong seed, nint weights, int height, int width, int channels)
    {
        int pixels = height * width, weightCount = NoiseDraw.BlockCount * NoiseWeights(channels);
        nint hidden = weights + (nint)(sizeof(float) * (long)works * weightCount), mixed = hidden + (nint)(sizeof(float) * (long)works * NoiseHidden * pixels);
        long image = (long)works * pixels, group = NoiseDraw.GroupChannels * image, hiddenStride = (long)NoiseHidden * pixels;
        Launch(
            "augment_noise_weights_f32", FlatGeometry.For(weightCount, DType.Float32) with { GridY = (uint)works },
            new(sizeof(float) * (long)works * weightCount, 40L * works * weightCount), draws, weights, channels, (long)seed);
        for (int block = 0; block < NoiseDraw.BlockCount; block++)
        {
            var geometry = new LaunchGeometry((uint)((pixels + NoisePixels * FlatGeometry.Threads - 1) / (NoisePixels * FlatGeometry.Threads)), (uint)works, 1, FlatGeometry.Threads);
            Launch(
                "augment_noise_widen_f32", geometry with { GridZ = NoiseDraw.Groups }, new(4 * (channels * image + 4 * group), 8 * channels * group), rows, draws,
                weights, hidden, block, height, width, channels);
            Standardize(hidden, hidden, NoiseHidden, hiddenStride, hiddenStride);
            for (int i = 0; i < NoiseDraw.Groups - 1; i++)
            {
                Launch(
                    "augment_noise_group_f32", geometry, new(12 * group, 18L * NoiseDraw.GroupChannels * group), hidden, draws, weights, mixed, block, i, height,
                    width, channels);
                Standardize(
                    mixed, hidden + (nint)(sizeof(float) * (long)i * NoiseDraw.GroupChannels * pixels), NoiseDraw.GroupChannels,
                    (long)NoiseDraw.GroupChannels * pixels, hiddenStride);
            }

            Launch(
                "augment_noise_narrow_f32", geometry, new(4 * (4 * group + channels * image), 8 * channels * group), hidden, weights, mixed, block, height, width,
                channels);
            Launch(
                "augment_noise_add_f32", new LaunchGeometry((uint)channels, (uint)works, 1, FlatGeometry.Threads), new(20 * channels * image, 9 * channels * image),
                mixed, draws, rows, pixels, channels);
        }

        void Standardize(nint from, nint to, int planes, long fromStride, long toStride) => Launch(
            "augment_noise_standardize_f32", new LaunchGeometry((uint)planes, (uint)works, 1, FlatGeometry.Threads), new(8 * planes * image, 7 * planes * image),
            from, to, pixels, fromStride, toStride);
    }

    /// <summary>Floats of one block's weights: the first and the last convolution, and three with room for nine taps.</summary>
    private static int NoiseWeights(int channels) =>
        2 * NoiseHidden * channels + (NoiseDraw.Groups - 1) * NoiseDraw.GroupChannels * NoiseDraw.GroupChannels * 9;
}
