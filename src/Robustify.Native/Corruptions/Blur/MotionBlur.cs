using Robustify.Kernels.Random;
using Robustify.Native.Corruptions.Device;
using Robustify.Native.Data.Images;

namespace Robustify.Native.Corruptions.Blur;

/// <summary>Motion along a straight line at an angle drawn from -45 to 45 degrees, by ImageMagick's formula.</summary>
internal sealed class MotionBlur : Corruption
{
    private static readonly SeverityTable<MotionKernel> Kernels = new(
        imageNet224: [new(10, 3), new(15, 5), new(15, 8), new(15, 12), new(20, 15)],
        inception299: [new(12, 4), new(17, 6), new(17, 9), new(17, 13), new(22, 16)],
        tiny64: [new(10, 1), new(10, 1.5), new(10, 2), new(10, 2.5), new(12, 3)],
        cifar32: [new(6, 1), new(6, 1.5), new(6, 2), new(8, 2), new(9, 2.5)]);

    public override string Name => "motion_blur";

    public override CorruptionGroup Group => CorruptionGroup.Blur;

    public override int Index => 5;

    private protected override void Apply(
        Image8 source, Image8 destination, CorruptionVariant variant, int severity, IRandomStream random, CorruptionScratch scratch)
    {
        MotionFilter.Apply(
            source.Pixels, destination.Pixels, source.Width, source.Height, source.Channels, Kernels.At(variant, severity), DrawDegrees(random),
            scratch);
    }

    private protected override void Queue(DeviceBatch batch, CorruptionVariant variant, int severity)
    {
        MotionKernel kernel = Kernels.At(variant, severity);
        var steps = new int[batch.Images * 2 * kernel.Weights.Length];
        for (int i = 0; i < batch.Images; i++)
            MotionFilter.Steps(DrawDegrees(batch.StreamOf(i)), steps.AsSpan(i * 2 * kernel.Weights.Length, 2 * kernel.Weights.Length));
        batch.Backend.MotionBlur(
            batch.Source, batch.Result, batch.Tables.Upload<int>(steps, new(batch.Images, kernel.Weights.Length, 2)), kernel.On(batch.Tables));
    }

    private static double DrawDegrees(IRandomStream random) => -45 + 90 * random.NextUniform();
}
