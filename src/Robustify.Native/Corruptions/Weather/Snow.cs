using Robustify.Kernels.Random;
using Robustify.Native.Corruptions.Blur;
using Robustify.Native.Corruptions.Device;
using Robustify.Native.Corruptions.Pixels;
using Robustify.Native.Data.Images;

namespace Robustify.Native.Corruptions.Weather;

/// <summary>
/// Flakes from thresholded noise, enlarged and blown downwards, are added twice (the second time turned by 180 degrees) to an image whose
/// dark parts are whitened: w x + (1 - w) max(x, 1.5 grey + 0.5).
/// </summary>
internal sealed class Snow : Corruption
{
    private static readonly SeverityTable<Fall> Falls = new(
        imageNet224: LargeImages(), inception299: LargeImages(), tiny64: SmallImages(0.8, 0.8, 0.7, 0.65, 0.6),
        cifar32: SmallImages(0.95, 0.9, 0.9, 0.85, 0.8));

    private static readonly float[] UnitFloats = [.. Enumerable.Range(0, 256).Select(level => level / 255f)];

    public override string Name => "snow";

    public override CorruptionGroup Group => CorruptionGroup.Weather;

    public override int Index => 7;

    private protected override void Apply(
        Image8 source, Image8 destination, CorruptionVariant variant, int severity, IRandomStream random, CorruptionScratch scratch)
    {
        const int spare = 4;
        Fall fall = Falls.At(variant, severity);
        int width = source.Width, height = source.Height, pixels = width * height;
        Span<float> noise = scratch.Floats(0, pixels + spare), layer = scratch.Floats(1, pixels + spare);
        random.FillNormals(noise[..pixels]);
        noise[pixels..].Clear();
        foreach (ref float value in noise)
            value = (float)fall.Mean + (float)fall.Deviation * value;
        ClippedZoom.Apply(noise, width, height, 1, fall.Zoom, layer, accumulate: false, scratch);
        Span<byte> flakes = scratch.Bytes(0, pixels), blown = scratch.Bytes(1, pixels);
        for (int i = 0; i < pixels; i++)
            flakes[i] = layer[i] < fall.Threshold ? (byte)0 : PixelLanes.ToByte(layer[i] * 255);
        MotionFilter.Apply(flakes, blown, width, height, 1, fall.Motion, DrawDegrees(random), scratch);
        if (source.Channels == 3)
            WhitenRgb(source.Pixels, blown, fall.Mix, destination.Pixels);
        else
            WhitenGrey(source.Pixels, blown, fall.Mix, destination.Pixels);
    }

    private protected override void Queue(DeviceBatch batch, CorruptionVariant variant, int severity)
    {
        Fall fall = Falls.At(variant, severity);
        int taps = fall.Motion.Weights.Length;
        var steps = new int[batch.Images * 2 * taps];
        for (int i = 0; i < batch.Images; i++)
        {
            var stream = batch.StreamOf(i);
            stream.PassOver(batch.Width * batch.Height); // the noise, which the device draws
            MotionFilter.Steps(DrawDegrees(stream), steps.AsSpan(i * 2 * taps, 2 * taps));
        }

        var positions = ZoomPositions.On(batch, fall.Zooms);
        batch.Backend.Snow(
            batch.Source, batch.Result, batch.Draw,
            new((float)fall.Mean, (float)fall.Deviation, fall.Threshold, (float)fall.Mix, (float)(1 - fall.Mix)), positions.Wholes, positions.Fractions,
            batch.Tables.Upload<int>(steps, new(batch.Images, taps, 2)), fall.Motion.On(batch.Tables));
    }

    private static double DrawDegrees(IRandomStream random) => -135 + 90 * random.NextUniform();

    private static void WhitenRgb(ReadOnlySpan<byte> from, ReadOnlySpan<byte> flakes, double mix, Span<byte> to)
    {
        float keep = (float)mix, whiten = (float)(1 - mix);
        ReadOnlySpan<float> units = UnitFloats;
        for (int i = 0, at = 0; i < flakes.Length; i++, at += 3)
        {
            float red = units[from[at]], green = units[from[at + 1]], blue = units[from[at + 2]];
            float bright = (0.299f * red + 0.587f * green + 0.114f * blue) * 1.5f + 0.5f;
            double snow = UnitRange.Levels[flakes[i]], turned = UnitRange.Levels[flakes[^(i + 1)]];
            to[at] = UnitRange.ToByte(keep * red + whiten * Math.Max(red, bright) + snow + turned);
            to[at + 1] = UnitRange.ToByte(keep * green + whiten * Math.Max(green, bright) + snow + turned);
            to[at + 2] = UnitRange.ToByte(keep * blue + whiten * Math.Max(blue, bright) + snow + turned);
        }
    }

    private static void WhitenGrey(ReadOnlySpan<byte> from, ReadOnlySpan<byte> flakes, double mix, Span<byte> to)
    {
        float keep = (float)mix, whiten = (float)(1 - mix);
        for (int i = 0; i < flakes.Length; i++)
        {
            float grey = UnitFloats[from[i]];
            double snow = UnitRange.Levels[flakes[i]], turned = UnitRange.Levels[flakes[^(i + 1)]];
            to[i] = UnitRange.ToByte(keep * grey + whiten * Math.Max(grey, grey * 1.5f + 0.5f) + snow + turned);
        }
    }

    private static Fall[] LargeImages() =>
    [
        new(0.1, 0.3, 3, 0.5, new(10, 4), 0.8), new(0.2, 0.3, 2, 0.5, new(12, 4), 0.7), new(0.55, 0.3, 4, 0.9, new(12, 8), 0.7),
        new(0.55, 0.3, 4.5, 0.85, new(12, 8), 0.65), new(0.55, 0.3, 2.5, 0.85, new(12, 12), 0.55),
    ];

    private static Fall[] SmallImages(params double[] mixes) =>
    [
        new(0.1, 0.2, 1, 0.6, new(8, 3), mixes[0]), new(0.1, 0.2, 1, 0.5, new(10, 4), mixes[1]),
        new(0.15, 0.3, 1.75, 0.55, new(10, 4), mixes[2]), new(0.25, 0.3, 2.25, 0.6, new(12, 6), mixes[3]),
        new(0.3, 0.3, 1.25, 0.65, new(14, 12), mixes[4]),
    ];

    private sealed record Fall(double Mean, double Deviation, double Zoom, double Threshold, MotionKernel Motion, double Mix)
    {
        public double[] Zooms { get; } = [Zoom];
    }
}
