using System.Runtime.InteropServices;
using Robustify.Kernels.Random;
using Robustify.Native.Corruptions.Device;
using Robustify.Native.Corruptions.Pixels;
using Robustify.Native.Data.Images;

namespace Robustify.Native.Corruptions.Weather;

/// <summary>a x + b frost, the frost a random cut of one of five pictures; draws the picture, then the row, then the column.</summary>
internal sealed class Frost(FrostOverlays overlays) : Corruption
{
    private static readonly SeverityTable<(double Image, double Frost)> Weights = new(
        imageNet224: [(1, 0.4), (0.8, 0.6), (0.7, 0.7), (0.65, 0.7), (0.6, 0.75)],
        inception299: [(1, 0.4), (0.8, 0.6), (0.7, 0.7), (0.65, 0.7), (0.6, 0.75)],
        tiny64: [(1, 0.3), (0.9, 0.4), (0.8, 0.45), (0.75, 0.5), (0.7, 0.55)],
        cifar32: [(1, 0.2), (1, 0.3), (0.9, 0.4), (0.85, 0.4), (0.75, 0.45)]);

    private readonly FrostPictures pictures = new(overlays);

    public override string Name => "frost";

    public override CorruptionGroup Group => CorruptionGroup.Weather;

    public override int Index => 8;

    public override string? Caveat => overlays.Directory is null
        ? "procedural frost, not comparable with published figures: the overlays of ImageNet-C were not given"
        : null;

    internal override string? Ingredients => overlays.Fingerprint is { } fingerprint ? $"overlays {fingerprint}" : null;

    private protected override void Apply(
        Image8 source, Image8 destination, CorruptionVariant variant, int severity, IRandomStream random, CorruptionScratch scratch)
    {
        var (imageWeight, frostWeight) = Weights.At(variant, severity);
        int width = source.Width, height = source.Height, channels = source.Channels;
        var (picture, top, left) = DrawCut(width, height, channels, variant, random);
        Span<double> imageLevels = stackalloc double[256], frostLevels = stackalloc double[256];
        for (int level = 0; level < 256; level++)
            (imageLevels[level], frostLevels[level]) = (imageWeight * level, frostWeight * level);
        int row = width * channels;
        for (int y = 0; y < height; y++)
        {
            ReadOnlySpan<byte> from = source.Pixels.Slice(y * row, row);
            ReadOnlySpan<byte> frost = picture.Pixels.Slice(((top + y) * picture.Width + left) * channels, row);
            Span<byte> to = destination.Pixels.Slice(y * row, row);
            for (int x = 0; x < from.Length; x++)
                to[x] = (byte)Math.Min(imageLevels[from[x]] + frostLevels[frost[x]], 255);
        }
    }

    private protected override void Queue(DeviceBatch batch, CorruptionVariant variant, int severity)
    {
        var (imageWeight, frostWeight) = Weights.At(variant, severity);
        var cuts = new long[4 * batch.Images];
        for (int i = 0; i < batch.Images; i++)
        {
            var (picture, top, left) = DrawCut(batch.Width, batch.Height, batch.Channels, variant, batch.StreamOf(i));
            var onDevice = batch.Tables.Keep(picture, "frost", () => picture.Pixels.ToArray());
            ((ReadOnlySpan<long>)[onDevice.Pointer, picture.Width, top, left]).CopyTo(cuts.AsSpan(4 * i));
        }

        ReadOnlySpan<byte> bytes = MemoryMarshal.AsBytes<long>(cuts);
        batch.Backend.Frost(batch.Source, batch.Result, batch.Tables.Upload(bytes, new(bytes.Length)), imageWeight, frostWeight);
    }

    private (Image8 Picture, int Top, int Left) DrawCut(int width, int height, int channels, CorruptionVariant variant, IRandomStream random)
    {
        double scale = variant switch { CorruptionVariant.Cifar32 => 0.2, CorruptionVariant.Tiny64 => 0.3, _ => 1 };
        Image8 picture = pictures.Get(random.NextInteger(0, pictures.Count), scale, width, height, channels);
        return (picture, random.NextInteger(0, picture.Height - height), random.NextInteger(0, picture.Width - width));
    }
}
