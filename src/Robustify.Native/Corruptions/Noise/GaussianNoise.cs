using System.Runtime.Intrinsics;
using Robustify.Kernels.Random;
using Robustify.Native.Corruptions.Device;
using Robustify.Native.Corruptions.Pixels;
using Robustify.Native.Data.Images;

namespace Robustify.Native.Corruptions.Noise;

/// <summary>x + N(0, sigma^2), independent for each pixel and channel.</summary>
internal sealed class GaussianNoise : Corruption
{
    private static readonly SeverityTable<double> Sigma = new(
        imageNet224: [0.08, 0.12, 0.18, 0.26, 0.38],
        inception299: [0.09, 0.13, 0.19, 0.27, 0.4],
        tiny64: [0.04, 0.08, 0.12, 0.15, 0.18],
        cifar32: [0.04, 0.06, 0.08, 0.09, 0.1]);

    public override string Name => "gaussian_noise";

    public override CorruptionGroup Group => CorruptionGroup.Noise;

    public override int Index => 0;

    private protected override void Apply(
        Image8 source, Image8 destination, CorruptionVariant variant, int severity, IRandomStream random, CorruptionScratch scratch)
    {
        float levels = (float)(Sigma.At(variant, severity) * 255);
        Span<float> chunk = scratch.Floats(0, NoiseChunk.Length);
        for (int start = 0; start < source.Pixels.Length; start += chunk.Length)
        {
            Span<byte> from = source.Pixels[start..Math.Min(start + chunk.Length, source.Pixels.Length)], to = destination.Pixels[start..];
            random.FillNormals(chunk[..from.Length]);
            Add(from, chunk, levels, to);
        }
    }

    private protected override void Queue(DeviceBatch batch, CorruptionVariant variant, int severity) =>
        batch.Backend.GaussianNoise(batch.Source, batch.Result, batch.Draw, (float)(Sigma.At(variant, severity) * 255));

    private static void Add(Span<byte> from, ReadOnlySpan<float> normals, float sigma, Span<byte> to)
    {
        int i = 0;
        for (; i <= from.Length - PixelLanes.Width; i += PixelLanes.Width)
        {
            var level = PixelLanes.LoadLevels(ref from[i]);
            PixelLanes.StoreLevels(Vector256.FusedMultiplyAdd(Vector256.Create(normals[i..]), Vector256.Create(sigma), level), ref to[i]);
        }

        for (; i < from.Length; i++)
            to[i] = PixelLanes.ToByte(MathF.FusedMultiplyAdd(normals[i], sigma, from[i]));
    }
}
