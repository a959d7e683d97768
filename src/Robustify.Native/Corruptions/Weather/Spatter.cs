using System.Runtime.Intrinsics;
using Robustify.Kernels.Cuda;
using Robustify.Kernels.Random;
using Robustify.Native.Corruptions.Blur;
using Robustify.Native.Corruptions.Device;
using Robustify.Native.Corruptions.Pixels;
using Robustify.Native.Data.Images;

namespace Robustify.Native.Corruptions.Weather;

/// <summary>
/// Splashes: smoothed noise above a threshold. Water (severities 1 to 3) is added in pale turquoise where light catches on the edges of the
/// drops, in proportion to the strongest place of this image; mud (4 and 5) covers the image in brown.
/// </summary>
internal sealed class Spatter : Corruption
{
    private static readonly SeverityTable<Splash> Splashes = new(
        imageNet224: [new(0.65, 0.3, 4, 0.69, 0.6), new(0.65, 0.3, 3, 0.68, 0.6), new(0.65, 0.3, 2, 0.68, 0.5),
            new(0.65, 0.3, 1, 0.65, MudOf(1.5)), new(0.67, 0.4, 1, 0.65, MudOf(1.5))],
        inception299: [new(0.65, 0.3, 4, 0.69, 0.9), new(0.65, 0.3, 3.5, 0.68, 0.9), new(0.65, 0.3, 3, 0.68, 0.8),
            new(0.65, 0.3, 1.2, 0.65, MudOf(1.8)), new(0.67, 0.4, 1.2, 0.65, MudOf(1.8))],
        tiny64: [new(0.62, 0.1, 0.7, 0.7, 0.6), new(0.65, 0.1, 0.8, 0.7, 0.6), new(0.65, 0.3, 1, 0.69, 0.6),
            new(0.65, 0.1, 0.7, 0.68, MudOf(0.6)), new(0.65, 0.1, 0.5, 0.67, MudOf(0.6))],
        cifar32: [new(0.62, 0.1, 0.7, 0.7, 0.5), new(0.65, 0.1, 0.8, 0.7, 0.5), new(0.65, 0.3, 1, 0.69, 0.5),
            new(0.65, 0.1, 0.7, 0.69, MudOf(0.6)), new(0.65, 0.1, 0.5, 0.68, MudOf(0.6))]);

    // Levels of red, green and blue; the last is the luma, for grey images.
    private static readonly float[] Water = [175, 238, 238, 219.163f];
    private static readonly float[] Mud = [63, 42, 20, 45.771f];

    public override string Name => "spatter";

    public override CorruptionGroup Group => CorruptionGroup.Extra;

    public override int Index => 17;

    private protected override void Apply(
        Image8 source, Image8 destination, CorruptionVariant variant, int severity, IRandomStream random, CorruptionScratch scratch)
    {
        Splash splash = Splashes.At(variant, severity);
        int width = source.Width, height = source.Height, pixels = width * height;
        Span<float> normals = scratch.Floats(0, pixels);
        Span<double> liquid = scratch.Doubles(0, pixels);
        random.FillNormals(normals);
        Pour(normals, liquid, splash);
        GaussianFilter.Apply(liquid, width, height, 1, splash.Smoothing, mirrored: false, scratch);
        if (splash.MudSmoothing is null)
            AddWater(source, destination, liquid, splash, normals, scratch);
        else
            CoverWithMud(source, destination, liquid, splash, scratch);
    }

    private protected override void Queue(DeviceBatch batch, CorruptionVariant variant, int severity)
    {
        Splash splash = Splashes.At(variant, severity);
        var constants = new SpatterSplash(splash.Mean, splash.Deviation, splash.Threshold, (float)splash.Strength);
        var smoothing = splash.Smoothing.On(batch.Tables);
        if (splash.MudSmoothing is { } mud)
        {
            float[] colour = [.. Colour(Mud, batch.Channels).ToArray().Select(level => level / 255)];
            batch.Backend.SpatterMud(batch.Source, batch.Result, batch.Draw, constants, smoothing, mud.On(batch.Tables), colour);
        }
        else
            batch.Backend.SpatterWater(batch.Source, batch.Result, batch.Draw, constants, smoothing, Colour(Water, batch.Channels));
    }

    private static ReadOnlySpan<float> Colour(float[] levels, int channels) => channels == 3 ? levels.AsSpan(0, 3) : levels.AsSpan(3);

    private static void Pour(ReadOnlySpan<float> normals, Span<double> liquid, Splash splash)
    {
        int i = 0;
        for (; i <= normals.Length - Vector256<float>.Count; i += Vector256<float>.Count)
        {
            var (low, high) = Vector256.Widen(Vector256.Create(normals[i..]));
            (Vector256.Create(splash.Mean) + Vector256.Create(splash.Deviation) * low).CopyTo(liquid[i..]);
            (Vector256.Create(splash.Mean) + Vector256.Create(splash.Deviation) * high).CopyTo(liquid[(i + 4)..]);
        }

        for (; i < normals.Length; i++)
            liquid[i] = splash.Mean + splash.Deviation * normals[i];
    }

    private static void AddWater(
        Image8 source, Image8 destination, ReadOnlySpan<double> liquid, Splash splash, Span<float> light, CorruptionScratch scratch)
    {
        int width = source.Width, height = source.Height;
        var levels = new PaddedPlane(0, width, height, scratch);
        for (int y = 0; y < height; y++)
        {
            ReadOnlySpan<double> from = liquid.Slice(y * width, width);
            ToLevels(from, splash.Threshold, levels.Row(y));
        }

        levels.RepeatEdges();
        Span<byte> relief = scratch.Bytes(3, width * height + PixelLanes.Width);
        DropletRelief.Find(levels, relief, scratch);
        for (int y = 0, at = 0; y < height; y++)
        {
            ReadOnlySpan<int> row = levels.Row(y)[..width];
            int x = 0;
            for (; x <= width - PixelLanes.Width; x += PixelLanes.Width, at += PixelLanes.Width)
                Vector256.ConvertToSingle(Vector256.Create(row[x..]) * PixelLanes.Load(ref relief[at])).CopyTo(light[at..]);
            for (; x < width; x++, at++)
                light[at] = row[x] * relief[at];
        }

        float strongest = System.Numerics.Tensors.TensorPrimitives.Max<float>(light);
        // Nothing above the threshold: the published code divides 0 by 0 and loses the image; here it stays as it is.
        float scale = strongest > 0 ? 1 / strongest * (float)splash.Strength : 0;
        if (source.Channels == 3)
            AddRgb(source.Pixels, light, scale, destination.Pixels);
        else
            AddGrey(source.Pixels, light, scale, destination.Pixels);
    }

    private static void AddGrey(Span<byte> from, ReadOnlySpan<float> light, float scale, Span<byte> to)
    {
        int i = 0;
        for (; i <= from.Length - PixelLanes.Width; i += PixelLanes.Width)
            PixelLanes.StoreLevels(PixelLanes.LoadLevels(ref from[i]) + Vector256.Create(Water[3]) * (Vector256.Create(light[i..]) * scale), ref to[i]);
        for (; i < from.Length; i++)
            to[i] = PixelLanes.ToByte(from[i] + Water[3] * (light[i] * scale));
    }

    // Eight pixels are three vectors of elements.
    private static void AddRgb(Span<byte> from, ReadOnlySpan<float> light, float scale, Span<byte> to)
    {
        var (r, g, b) = (Water[0], Water[1], Water[2]);
        Vector256<float> first = Vector256.Create(r, g, b, r, g, b, r, g), second = Vector256.Create(b, r, g, b, r, g, b, r);
        var third = Vector256.Create(g, b, r, g, b, r, g, b);
        int i = 0, at = 0;
        for (; i <= light.Length - PixelLanes.Width; i += PixelLanes.Width, at += 3 * PixelLanes.Width)
        {
            var scaled = Vector256.Create(light[i..]) * scale;
            Add(at, first * Vector256.Shuffle(scaled, Vector256.Create(0, 0, 0, 1, 1, 1, 2, 2)), from, to);
            Add(at + 8, second * Vector256.Shuffle(scaled, Vector256.Create(2, 3, 3, 3, 4, 4, 4, 5)), from, to);
            Add(at + 16, third * Vector256.Shuffle(scaled, Vector256.Create(5, 5, 6, 6, 6, 7, 7, 7)), from, to);
        }

        for (; at < from.Length; at++)
            to[at] = PixelLanes.ToByte(from[at] + Water[at % 3] * (light[at / 3] * scale));

        static void Add(int at, Vector256<float> added, Span<byte> from, Span<byte> to) =>
            PixelLanes.StoreLevels(PixelLanes.LoadLevels(ref from[at]) + added, ref to[at]);
    }

    // Beyond 1 the byte wraps round, as published.
    private static void ToLevels(ReadOnlySpan<double> liquid, double threshold, Span<int> levels)
    {
        int x = 0;
        for (; x <= liquid.Length - 4 && System.Runtime.Intrinsics.X86.Avx.IsSupported; x += 4)
        {
            var value = Vector256.Create(liquid[x..]);
            value = Vector256.ConditionalSelect(Vector256.LessThan(value, Vector256.Create(threshold)), Vector256<double>.Zero, value);
            var level = System.Runtime.Intrinsics.X86.Avx.ConvertToVector128Int32WithTruncation(value * Vector256.Create(255.0));
            (level & Vector128.Create(255)).CopyTo(levels[x..]);
        }

        for (; x < liquid.Length; x++)
            levels[x] = liquid[x] < threshold ? 0 : (int)(liquid[x] * 255) & 255;
    }

    private static void CoverWithMud(Image8 source, Image8 destination, Span<double> liquid, Splash splash, CorruptionScratch scratch)
    {
        const double visible = 0.8;
        foreach (ref double value in liquid)
            value = value > splash.Threshold ? 1 : 0;
        GaussianFilter.Apply(liquid, source.Width, source.Height, 1, splash.MudSmoothing!, mirrored: false, scratch);
        source.Pixels.CopyTo(destination.Pixels);
        Span<byte> to = destination.Pixels;
        int channels = source.Channels;
        Span<double> colour = stackalloc double[channels];
        for (int channel = 0; channel < channels; channel++)
            colour[channel] = Colour(Mud, channels)[channel] / 255;
        for (int i = 0; i < liquid.Length; i++)
        {
            if (liquid[i] < visible)
                continue; // k / 255 * 255 truncates to k
            double m = liquid[i];
            Span<byte> pixel = to.Slice(i * channels, channels);
            for (int channel = 0; channel < colour.Length; channel++)
                pixel[channel] = UnitRange.ToByte(UnitRange.Levels[pixel[channel]] * (1 - m) + m * colour[channel]);
        }
    }

    private static GaussianKernel MudOf(double sigma) => new(sigma);

    private sealed record Splash(double Mean, double Deviation, double Sigma, double Threshold, double Strength, GaussianKernel? MudSmoothing)
    {
        public Splash(double mean, double deviation, double sigma, double threshold, double strength)
            : this(mean, deviation, sigma, threshold, strength, null)
        {
        }

        public Splash(double mean, double deviation, double sigma, double threshold, GaussianKernel mudSmoothing)
            : this(mean, deviation, sigma, threshold, 1, mudSmoothing)
        {
        }

        public GaussianKernel Smoothing { get; } = new(Sigma);
    }
}
