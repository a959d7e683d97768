using Robustify.Kernels.Random;
using Robustify.Native.Corruptions.Device;
using Robustify.Native.Corruptions.Pixels;
using Robustify.Native.Data.Images;

namespace Robustify.Native.Corruptions.Digital;

/// <summary>Pulls every channel towards its own mean over the image: (x - mean) * factor + mean.</summary>
internal sealed class Contrast : Corruption
{
    private const int Levels = 256;

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
        Span<byte> to = destination.Pixels;
        int channels = source.Channels, pixels = from.Length / channels;
        Span<long> sums = stackalloc long[3];
        Span<byte> mapped = stackalloc byte[3 * Levels];
        Sum(from, channels, sums);
        for (int channel = 0; channel < channels; channel++)
        {
            double mean = sums[channel] / 255.0 / pixels;
            for (int level = 0; level < Levels; level++)
                mapped[channel * Levels + level] = UnitRange.ToByte((UnitRange.Levels[level] - mean) * factor + mean);
        }

        if (channels == 1)
        {
            for (int i = 0; i < from.Length; i++)
                to[i] = mapped[from[i]];
            return;
        }

        to = to[..from.Length];
        for (int i = 0; i + 2 < from.Length; i += 3)
        {
            to[i] = mapped[from[i]];
            to[i + 1] = mapped[Levels + from[i + 1]];
            to[i + 2] = mapped[2 * Levels + from[i + 2]];
        }
    }

    private protected override void Queue(DeviceBatch batch, CorruptionVariant variant, int severity) =>
        batch.Backend.Contrast(batch.Source, batch.Result, Factor.At(variant, severity));

    private static void Sum(ReadOnlySpan<byte> from, int channels, Span<long> sums)
    {
        sums.Clear();
        long first = 0, second = 0, third = 0;
        if (channels == 1)
        {
            foreach (byte level in from)
                first += level;
        }
        else
        {
            for (int i = 0; i + 2 < from.Length; i += 3)
            {
                first += from[i];
                second += from[i + 1];
                third += from[i + 2];
            }
        }

        (sums[0], sums[1], sums[2]) = (first, second, third);
    }
}
