using Robustify.Kernels.Random;
using Robustify.Native.Corruptions.Device;
using Robustify.Native.Data.Images;

namespace Robustify.Native.Corruptions.Blur;

/// <summary>A Gaussian filter of standard deviation sigma (pixels), cut at 4 sigma, edge pixels repeated.</summary>
internal sealed class GaussianBlur : Corruption
{
    private static readonly SeverityTable<GaussianKernel> Kernels = new(
        imageNet224: GaussianKernel.Of(1, 2, 3, 4, 6),
        inception299: GaussianKernel.Of(1.5, 2.5, 3.5, 4.5, 6.5),
        tiny64: GaussianKernel.Of(0.5, 0.75, 1, 1.25, 1.5),
        cifar32: GaussianKernel.Of(0.4, 0.6, 0.7, 0.8, 1));

    public override string Name => "gaussian_blur";

    public override CorruptionGroup Group => CorruptionGroup.Extra;

    public override int Index => 16;

    private protected override void Apply(
        Image8 source, Image8 destination, CorruptionVariant variant, int severity, IRandomStream random, CorruptionScratch scratch)
    {
        GaussianKernel kernel = Kernels.At(variant, severity);
        GaussianBytes.Apply(source.Pixels, destination.Pixels, source.Width, source.Height, source.Channels, kernel, scratch);
    }

    private protected override void Queue(DeviceBatch batch, CorruptionVariant variant, int severity)
    {
        GaussianKernel kernel = Kernels.At(variant, severity);
        batch.Backend.GaussianBlur(batch.Source, batch.Result, kernel.On(batch.Tables));
    }
}
