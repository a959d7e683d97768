using Robustify.Kernels.Cuda;
using Robustify.Native.Data.Transforms;

namespace Robustify.Native.Augment.Operations;

/// <summary>Saturation: the degenerate is the pixel's luma. A grey image stays as it is.</summary>
internal sealed class Color : Enhancement
{
    /// <inheritdoc/>
    public override string Name => "color";

    /// <inheritdoc/>
    public override void Apply(double value, AugMixScratch scratch)
    {
        if (scratch.Current.Channels == 1)
            return;
        float factor = (float)value;
        Span<byte> pixels = scratch.Current.Pixels;
        for (int i = 0; i + 2 < pixels.Length; i += 3)
        {
            int luma = ChannelConversion.Luma(pixels[i], pixels[i + 1], pixels[i + 2]);
            pixels[i] = Blend(luma, pixels[i], factor);
            pixels[i + 1] = Blend(luma, pixels[i + 1], factor);
            pixels[i + 2] = Blend(luma, pixels[i + 2], factor);
        }
    }

    /// <inheritdoc/>
    internal override ImageStep OnDevice(double value, int width, int height) => new(ImageStepKind.Color, value);
}
