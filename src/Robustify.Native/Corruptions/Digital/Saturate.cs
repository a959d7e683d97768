using Robustify.Kernels.Random;
using Robustify.Native.Corruptions.Device;
using Robustify.Native.Corruptions.Pixels;
using Robustify.Native.Data.Images;

namespace Robustify.Native.Corruptions.Digital;

/// <summary>
/// Saturation of HSV times a factor plus a term, clipped to [0, 1]. Grey pixels have hue 0, so a term above 0 turns them reddish, as
/// published. A grey image has no hue at all: it is treated as grey pixels are, and what becomes of them is brought back to grey by luma.
/// </summary>
internal sealed class Saturate : Corruption
{
    private static readonly SeverityTable<(double Factor, double Term)> Change = new(
        imageNet224: [(0.3, 0), (0.1, 0), (2, 0), (5, 0.1), (20, 0.2)],
        inception299: [(0.3, 0), (0.1, 0), (2, 0), (5, 0.1), (20, 0.2)],
        tiny64: [(0.3, 0), (0.1, 0), (2, 0), (5, 0.1), (30, 0.2)],
        cifar32: [(0.3, 0), (0.1, 0), (1.5, 0), (2, 0.1), (2.5, 0.2)]);

    public override string Name => "saturate";

    public override CorruptionGroup Group => CorruptionGroup.Extra;

    public override int Index => 18;

    private protected override void Apply(
        Image8 source, Image8 destination, CorruptionVariant variant, int severity, IRandomStream random, CorruptionScratch scratch)
    {
        var (factor, term) = Change.At(variant, severity);
        ReadOnlySpan<double> units = UnitRange.Levels;
        ReadOnlySpan<byte> from = source.Pixels;
        Span<byte> to = destination.Pixels;
        if (source.Channels == 1)
        {
            for (int i = 0; i < from.Length; i++)
                to[i] = Luma(HueSaturationValue.ToRgb(0, term, units[from[i]]));
            return;
        }

        for (int i = 0; i < from.Length; i += 3)
        {
            var (hue, saturation, value) = HueSaturationValue.FromRgb(units[from[i]], units[from[i + 1]], units[from[i + 2]]);
            var (red, green, blue) = HueSaturationValue.ToRgb(hue, Math.Clamp(saturation * factor + term, 0, 1), value);
            to[i] = UnitRange.ToByte(red);
            to[i + 1] = UnitRange.ToByte(green);
            to[i + 2] = UnitRange.ToByte(blue);
        }
    }

    private protected override void Queue(DeviceBatch batch, CorruptionVariant variant, int severity)
    {
        var (factor, term) = Change.At(variant, severity);
        batch.Backend.Saturate(batch.Source, batch.Result, factor, term);
    }

    private static byte Luma((double Red, double Green, double Blue) colour) =>
        (byte)((19595 * UnitRange.ToByte(colour.Red) + 38470 * UnitRange.ToByte(colour.Green) + 7471 * UnitRange.ToByte(colour.Blue) + 32768) >> 16);
}
