using Robustify.Kernels.Random;
using Robustify.Native.Data.Images;

namespace Robustify.Native.Corruptions;

/// <summary>
/// Salt and pepper for each pixel and channel independently (coloured specks): with probability <c>amount</c> an element is replaced, by 255
/// or 0 with equal probability. All "replaced" draws come first, then all "salt" draws, as in scikit-image.
/// </summary>
internal sealed class ImpulseNoise : Corruption
{
    private static readonly SeverityTable<double> Amount = new(
        imageNet224: [0.03, 0.06, 0.09, 0.17, 0.27],
        inception299: [0.04, 0.07, 0.1, 0.18, 0.28],
        tiny64: [0.01, 0.02, 0.05, 0.08, 0.14],
        cifar32: [0.01, 0.02, 0.03, 0.05, 0.07]);

    public override string Name => "impulse_noise";

    public override CorruptionGroup Group => CorruptionGroup.Noise;

    public override int Index => 2;

    private protected override void Apply(
        Image8 source, Image8 destination, CorruptionVariant variant, int severity, IRandomStream random, CorruptionScratch scratch)
    {
        double amount = Amount.At(variant, severity);
        ReadOnlySpan<byte> from = source.Pixels;
        Span<byte> to = destination.Pixels, replaced = scratch.Mask(from.Length);
        for (int i = 0; i < replaced.Length; i++)
            replaced[i] = random.NextUniform() < amount ? (byte)1 : (byte)0;
        for (int i = 0; i < from.Length; i++)
        {
            byte impulse = random.NextUniform() < 0.5 ? byte.MaxValue : (byte)0;
            to[i] = replaced[i] != 0 ? impulse : from[i];
        }
    }
}
