using System.Runtime.Intrinsics;
using Robustify.Kernels.Random;
using Robustify.Native.Corruptions.Device;
using Robustify.Native.Corruptions.Pixels;
using Robustify.Native.Data.Images;

namespace Robustify.Native.Corruptions.Blur;

/// <summary>
/// Mean of the image and of enlargements of its middle, in single precision. The factors are those of NumPy's <c>arange</c>, whose rounding
/// adds one beyond the stated end at some severities; the first is 1, so the image itself counts twice.
/// </summary>
internal sealed class ZoomBlur : Corruption
{
    private static readonly double[][] LargeImages =
        [Factors(0.01, 12), Factors(0.01, 16), Factors(0.02, 11), Factors(0.02, 13), Factors(0.03, 11)];

    private static readonly double[][] SmallImages =
        [Factors(0.01, 7), Factors(0.01, 12), Factors(0.01, 16), Factors(0.01, 21), Factors(0.01, 26)];

    private static readonly SeverityTable<double[]> Zoom = new(
        imageNet224: LargeImages, inception299: LargeImages, tiny64: SmallImages, cifar32: SmallImages);

    public override string Name => "zoom_blur";

    public override CorruptionGroup Group => CorruptionGroup.Blur;

    public override int Index => 6;

    private protected override void Apply(
        Image8 source, Image8 destination, CorruptionVariant variant, int severity, IRandomStream random, CorruptionScratch scratch)
    {
        const int spare = 4;
        int length = source.Pixels.Length;
        double[] factors = Zoom.At(variant, severity);
        Span<float> units = scratch.Floats(0, length + spare), sum = scratch.Floats(1, length + spare);
        PixelLanes.ToLevels(source.Pixels, units);
        for (int i = 0; i < length; i++)
            units[i] = UnitFloats[(int)units[i]];
        units[length..].Clear();
        sum.Clear();
        foreach (double factor in factors)
            ClippedZoom.Apply(units, source.Width, source.Height, source.Channels, factor, sum, accumulate: true, scratch);
        Average(units[..length], sum, factors.Length + 1, destination.Pixels);
    }

    private protected override void Queue(DeviceBatch batch, CorruptionVariant variant, int severity)
    {
        var positions = ZoomPositions.On(batch, Zoom.At(variant, severity));
        batch.Backend.ZoomBlur(batch.Source, batch.Result, positions.Wholes, positions.Fractions);
    }

    private static readonly float[] UnitFloats = [.. Enumerable.Range(0, 256).Select(level => (float)(level / 255.0))];

    private static void Average(ReadOnlySpan<float> image, ReadOnlySpan<float> sum, int count, Span<byte> to)
    {
        int i = 0;
        for (; i <= image.Length - PixelLanes.Width; i += PixelLanes.Width)
        {
            var mean = (Vector256.Create(image[i..]) + Vector256.Create(sum[i..])) / Vector256.Create((float)count);
            PixelLanes.StoreLevels(Vector256.Min(mean, Vector256<float>.One) * Vector256.Create(255f), ref to[i]);
        }

        for (; i < image.Length; i++)
            to[i] = PixelLanes.ToByte(Math.Min((image[i] + sum[i]) / count, 1f) * 255f);
    }

    // start + i * (next - start): the step as it is left after rounding, as NumPy has it.
    private static double[] Factors(double step, int count)
    {
        double rounded = 1 + step - 1;
        return [.. Enumerable.Range(0, count).Select(i => 1 + i * rounded)];
    }
}
