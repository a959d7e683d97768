using Robustify.Kernels.Cuda;
using Robustify.Kernels.Random;
using Robustify.Native.Corruptions.Device;
using Robustify.Native.Data.Images;

namespace Robustify.Native.Corruptions.Digital;

/// <summary>Shrinks each side to trunc(side * scale) with Pillow's box filter and enlarges back with the same filter.</summary>
internal sealed class Pixelate : Corruption
{
    private static readonly SeverityTable<double> Scale = new(
        imageNet224: [0.6, 0.5, 0.4, 0.3, 0.25],
        inception299: [0.5, 0.4, 0.3, 0.25, 0.2],
        tiny64: [0.9, 0.8, 0.7, 0.6, 0.5],
        cifar32: [0.95, 0.9, 0.85, 0.75, 0.65]);

    public override string Name => "pixelate";

    public override CorruptionGroup Group => CorruptionGroup.Digital;

    public override int Index => 13;

    private protected override void Apply(
        Image8 source, Image8 destination, CorruptionVariant variant, int severity, IRandomStream random, CorruptionScratch scratch)
    {
        double scale = Scale.At(variant, severity);
        int width = Reduced(source.Width, scale), height = Reduced(source.Height, scale);
        scratch.Resampler.Resize(source, scratch.SmallImage, width, height, ResampleFilter.Box);
        scratch.Resampler.Resize(scratch.SmallImage, destination, source.Width, source.Height, ResampleFilter.Box);
    }

    private protected override void Queue(DeviceBatch batch, CorruptionVariant variant, int severity)
    {
        double scale = Scale.At(variant, severity);
        int width = Reduced(batch.Width, scale), height = Reduced(batch.Height, scale);
        batch.Backend.Pixelate(
            batch.Source, batch.Result, Resampling(batch, batch.Width, width), Resampling(batch, batch.Height, height),
            Resampling(batch, width, batch.Width), Resampling(batch, height, batch.Height));
    }

    private static int Reduced(int side, double scale) => Math.Max((int)(side * scale), 1);

    private static DeviceResampling Resampling(DeviceBatch batch, int from, int to)
    {
        var owner = (nameof(Pixelate), from, to);
        var weights = new Lazy<ResampleWeights>(() => new ResampleWeights(from, to, ResampleFilter.Box));
        var taps = batch.Tables.Keep(owner, "weights", () => weights.Value.Weights);
        return new(
            batch.Tables.Keep(owner, "first", () => weights.Value.First), batch.Tables.Keep(owner, "count", () => weights.Value.Count), taps,
            taps.Shape.Columns / to);
    }
}
