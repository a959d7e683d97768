using System.Numerics;
using System.Runtime.Intrinsics;
using Robustify.Kernels.Random;
using Robustify.Native.Corruptions.Device;
using Robustify.Native.Corruptions.Pixels;
using Robustify.Native.Data.Images;

namespace Robustify.Native.Corruptions.Weather;

/// <summary>
/// (x + c P) max / (max + c), P a plasma from 0 to 1 common to all channels and max the brightest value of the image. The plasma's side is
/// the power of two that holds the image (256, 512, 64 and 32 for the published sizes); its top left corner is used.
/// </summary>
internal sealed class Fog : Corruption
{
    private static readonly SeverityTable<(double Strength, double Decay)> Density = new(
        imageNet224: [(1.5, 2), (2, 2), (2.5, 1.7), (2.5, 1.5), (3, 1.4)],
        inception299: [(1.5, 2), (2, 2), (2.5, 1.8), (2.5, 1.6), (3, 1.5)],
        tiny64: [(0.4, 3), (0.7, 3), (1, 2.5), (1.5, 2), (2, 1.75)],
        cifar32: [(0.2, 3), (0.5, 3), (0.75, 2.5), (1, 2), (1.5, 1.75)]);

    public override string Name => "fog";

    public override CorruptionGroup Group => CorruptionGroup.Weather;

    public override int Index => 9;

    private protected override void Apply(
        Image8 source, Image8 destination, CorruptionVariant variant, int severity, IRandomStream random, CorruptionScratch scratch)
    {
        var (strength, decay) = Density.At(variant, severity);
        int width = source.Width, row = width * source.Channels;
        int size = SideOfPlasma(width, source.Height);
        Span<float> plasma = Plasma.Draw(size, decay, random, scratch, out int stride);
        double brightest = Largest(source.Pixels) / 255.0, kept = brightest / (brightest + strength);
        Span<float> spread = scratch.Floats(5, row + 4);
        for (int y = 0; y < source.Height; y++)
        {
            ReadOnlySpan<float> density = plasma.Slice(y * stride, width);
            if (source.Channels == 3)
                Triple(density, spread);
            else
                density.CopyTo(spread);
            Blend(source.Pixels.Slice(y * row, row), spread, (float)(strength * 255), (float)kept, destination.Pixels.Slice(y * row, row));
        }
    }

    private protected override void Queue(DeviceBatch batch, CorruptionVariant variant, int severity)
    {
        var (strength, decay) = Density.At(variant, severity);
        batch.Backend.Fog(batch.Source, batch.Result, batch.Draw, SideOfPlasma(batch.Width, batch.Height), strength, decay);
    }

    private static int SideOfPlasma(int width, int height) => (int)BitOperations.RoundUpToPowerOf2((uint)Math.Max(width, height));

    private static void Blend(Span<byte> from, ReadOnlySpan<float> density, float strength, float kept, Span<byte> to)
    {
        int i = 0;
        for (; i <= from.Length - PixelLanes.Width; i += PixelLanes.Width)
        {
            var level = Vector256.FusedMultiplyAdd(Vector256.Create(density[i..]), Vector256.Create(strength), PixelLanes.LoadLevels(ref from[i]));
            PixelLanes.StoreLevels(level * Vector256.Create(kept), ref to[i]);
        }

        for (; i < from.Length; i++)
            to[i] = PixelLanes.ToByte(MathF.FusedMultiplyAdd(density[i], strength, from[i]) * kept);
    }

    // Each value three times; a store of four lanes is overwritten by the next.
    private static void Triple(ReadOnlySpan<float> values, Span<float> tripled)
    {
        for (int x = 0; x < values.Length; x++)
            Vector128.Create(values[x]).CopyTo(tripled[(3 * x)..]);
    }

    private static byte Largest(ReadOnlySpan<byte> pixels) => System.Numerics.Tensors.TensorPrimitives.Max(pixels);
}
