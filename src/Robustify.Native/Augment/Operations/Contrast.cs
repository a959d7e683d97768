using Robustify.Kernels.Cuda;
using Robustify.Native.Data.Transforms;

namespace Robustify.Native.Augment.Operations;

/// <summary>Contrast: the degenerate is the image's mean luma, rounded.</summary>
internal sealed class Contrast : Enhancement
{
    /// <inheritdoc/>
    public override string Name => "contrast";

    /// <inheritdoc/>
    public override void Apply(double value, AugMixScratch scratch)
    {
        ReadOnlySpan<byte> pixels = scratch.Current.Pixels;
        long sum = 0;
        if (scratch.Current.Channels == 1)
        {
            foreach (byte pixel in pixels)
                sum += pixel;
        }
        else
        {
            for (int i = 0; i + 2 < pixels.Length; i += 3)
                sum += ChannelConversion.Luma(pixels[i], pixels[i + 1], pixels[i + 2]);
        }

        double mean = (double)sum / (scratch.Current.Width * scratch.Current.Height);
        BlendConstant((int)(mean + 0.5), (float)value, scratch);
    }

    /// <inheritdoc/>
    internal override ImageStep OnDevice(double value, int width, int height) => new(ImageStepKind.Contrast, value);
}
