using Robustify.Kernels.Random;
using Robustify.Native.Data.Images;

namespace Robustify.Native.Corruptions;

/// <summary>Pulls every channel towards its own mean over the image: (x - mean) * factor + mean.</summary>
internal sealed class Contrast : Corruption
{
    private static readonly SeverityTable<double> Factor = new(
        imageNet224: [0.4, 0.3, 0.2, 0.1, 0.05],
        inception299: [0.4, 0.3, 0.2, 0.1, 0.05],
        tiny64: [0.4, 0.3, 0.2, 0.1, 0.05],
        cifar32: [0.75, 0.5, 0.4, 0.3, 0.15]);

    public override string Name => "contrast";

    public override CorruptionGroup Group => CorruptionGroup.Digital;

    public override int Index => 11;

    private protected override void Apply(
        Image8 source, Image8 destination, CorruptionVariant variant, int severity, IRandomStream random, CorruptionScratch scratch)
    {
        double factor = Factor.At(variant, severity);
        ReadOnlySpan<byte> from = source.Pixels;
        Span<byte> to = destination.Pixels, mapped = stackalloc byte[256];
        int channels = source.Channels;
        for (int channel = 0; channel < channels; channel++)
        {
            long sum = 0;
            for (int i = channel; i < from.Length; i += channels)
                sum += from[i];
            double mean = sum / 255.0 / (from.Length / channels);
            for (int level = 0; level < mapped.Length; level++)
                mapped[level] = UnitRange.ToByte((UnitRange.Levels[level] - mean) * factor + mean);
            for (int i = channel; i < from.Length; i += channels)
                to[i] = mapped[from[i]];
        }
    }
}
