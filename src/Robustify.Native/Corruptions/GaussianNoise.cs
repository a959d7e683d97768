using Robustify.Kernels.Random;
using Robustify.Native.Data.Images;

namespace Robustify.Native.Corruptions;

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
        double sigma = Sigma.At(variant, severity);
        ReadOnlySpan<double> units = UnitRange.Levels;
        ReadOnlySpan<byte> from = source.Pixels;
        Span<byte> to = destination.Pixels;
        for (int i = 0; i < from.Length; i++)
            to[i] = UnitRange.ToByte(units[from[i]] + sigma * random.NextNormal());
    }
}
