using Robustify.Kernels.Random;
using Robustify.Native.Corruptions.Device;
using Robustify.Native.Corruptions.Digital;
using Robustify.Native.Corruptions.Pixels;
using Robustify.Native.Data.Images;

namespace Robustify.Native.Corruptions.Weather;

/// <summary>Adds to the value of HSV, clipped at 1. A grey level is its own value.</summary>
internal sealed class Brightness : Corruption
{
    private static readonly SeverityTable<double> Added = new(
        imageNet224: [0.1, 0.2, 0.3, 0.4, 0.5],
        inception299: [0.1, 0.2, 0.3, 0.4, 0.5],
        tiny64: [0.1, 0.2, 0.3, 0.4, 0.5],
        cifar32: [0.05, 0.1, 0.15, 0.2, 0.3]);

    public override string Name => "brightness";

    public override CorruptionGroup Group => CorruptionGroup.Weather;

    public override int Index => 10;

    private protected override void Apply(
        Image8 source, Image8 destination, CorruptionVariant variant, int severity, IRandomStream random, CorruptionScratch scratch)
    {
        double added = Added.At(variant, severity);
        ReadOnlySpan<double> units = UnitRange.Levels;
        ReadOnlySpan<byte> from = source.Pixels;
        Span<byte> to = destination.Pixels;
        if (source.Channels == 1)
        {
            for (int i = 0; i < from.Length; i++)
                to[i] = UnitRange.ToByte(units[from[i]] + added);
            return;
        }

        for (int i = 0; i < from.Length; i += 3)
        {
            var (hue, saturation, value) = HueSaturationValue.FromRgb(units[from[i]], units[from[i + 1]], units[from[i + 2]]);
            var (red, green, blue) = HueSaturationValue.ToRgb(hue, saturation, Math.Min(value + added, 1));
            to[i] = UnitRange.ToByte(red);
            to[i + 1] = UnitRange.ToByte(green);
            to[i + 2] = UnitRange.ToByte(blue);
        }
    }

    private protected override void Queue(DeviceBatch batch, CorruptionVariant variant, int severity) =>
        batch.Backend.Brightness(batch.Source, batch.Result, Added.At(variant, severity));
}
