using Robustify.Kernels.Random;
using Robustify.Native.Data.Images;

namespace Robustify.Native.Corruptions;

/// <summary>Poisson(x * photons) / photons, independent for each pixel and channel: the noise of counting light.</summary>
internal sealed class ShotNoise : Corruption
{
    private static readonly SeverityTable<double> Photons = new(
        imageNet224: [60, 25, 12, 5, 3],
        inception299: [50, 20, 10, 5, 3],
        tiny64: [250, 100, 50, 30, 15],
        cifar32: [500, 250, 100, 75, 50]);

    public override string Name => "shot_noise";

    public override CorruptionGroup Group => CorruptionGroup.Noise;

    public override int Index => 1;

    private protected override void Apply(
        Image8 source, Image8 destination, CorruptionVariant variant, int severity, IRandomStream random, CorruptionScratch scratch)
    {
        double photons = Photons.At(variant, severity);
        ReadOnlySpan<PoissonSampler> samplers = scratch.Poisson.ForPhotons(photons);
        ReadOnlySpan<byte> from = source.Pixels;
        Span<byte> to = destination.Pixels;
        for (int i = 0; i < from.Length; i++)
            to[i] = UnitRange.ToByte(samplers[from[i]].Next(random) / photons);
    }
}
