using System.Runtime.Intrinsics;
using Robustify.Kernels.Random;
using Robustify.Native.Corruptions.Device;
using Robustify.Native.Corruptions.Pixels;
using Robustify.Native.Data.Images;

namespace Robustify.Native.Corruptions.Noise;

/// <summary>x + x N(0, sigma^2), independent for each pixel and channel: noise in proportion to the light.</summary>
internal sealed class SpeckleNoise : Corruption
{
    private static readonly SeverityTable<double> Sigma = new(
        imageNet224: [0.15, 0.2, 0.35, 0.45, 0.6],
        inception299: [0.16, 0.21, 0.36, 0.46, 0.61],
        tiny64: [0.15, 0.2, 0.25, 0.3, 0.35],
        cifar32: [0.06, 0.1, 0.12, 0.16, 0.2]);

    public override string Name => "speckle_noise";

    public override CorruptionGroup Group => CorruptionGroup.Extra;

    public override int Index => 15;

    private protected override void Apply(
        Image8 source, Image8 destination, CorruptionVariant variant, int severity, IRandomStream random, CorruptionScratch scratch)
    {
        float sigma = (float)Sigma.At(variant, severity);
        Span<float> chunk = scratch.Floats(0, NoiseChunk.Length);
        for (int start = 0; start < source.Pixels.Length; start += chunk.Length)
        {
            Span<byte> from = source.Pixels[start..Math.Min(start + chunk.Length, source.Pixels.Length)], to = destination.Pixels[start..];
            random.FillNormals(chunk[..from.Length]);
            Scale(from, chunk, sigma, to);
        }
    }

    private protected override void Queue(DeviceBatch batch, CorruptionVariant variant, int severity) =>
        batch.Backend.SpeckleNoise(batch.Source, batch.Result, batch.Draw, (float)Sigma.At(variant, severity));

    private static void Scale(Span<byte> from, ReadOnlySpan<float> normals, float sigma, Span<byte> to)
    {
        int i = 0;
        for (; i <= from.Length - PixelLanes.Width; i += PixelLanes.Width)
        {
            var level = PixelLanes.LoadLevels(ref from[i]);
            var noise = Vector256.Create(normals[i..]) * Vector256.Create(sigma);
            PixelLanes.StoreLevels(Vector256.FusedMultiplyAdd(level, noise, level), ref to[i]);
        }

        for (; i < from.Length; i++)
            to[i] = PixelLanes.ToByte(MathF.FusedMultiplyAdd(from[i], normals[i] * sigma, from[i]));
    }
}
