using Robustify.Kernels.Cuda;
using Robustify.Native.Data.Images;

namespace Robustify.Native.Augment.Operations;

/// <summary>Sharpness: the degenerate is the image smoothed by [1 1 1; 1 5 1; 1 1 1] / 13; the outermost ring keeps its pixels.</summary>
internal sealed class Sharpness : Enhancement
{
    /// <inheritdoc/>
    public override string Name => "sharpness";

    /// <inheritdoc/>
    public override void Apply(double value, AugMixScratch scratch)
    {
        float factor = (float)value;
        Image8 source = scratch.Current;
        scratch.Spare.CopyFrom(source);
        ReadOnlySpan<byte> pixels = source.Pixels;
        Span<byte> destination = scratch.Spare.Pixels;
        int step = source.Channels, row = source.Width * step;
        for (int y = 1; y < source.Height - 1; y++)
        {
            for (int i = y * row + step; i < (y + 1) * row - step; i++)
            {
                int sum = Three(pixels, i - row, step) + Three(pixels, i, step) + 4 * pixels[i] + Three(pixels, i + row, step);
                // round(sum / 13); 13 is odd, so there is no tie and Pillow's floats agree with this integer form.
                destination[i] = Blend((2 * sum + 13) / 26, pixels[i], factor);
            }
        }

        scratch.Swap();
    }

    private static int Three(ReadOnlySpan<byte> pixels, int centre, int step) => pixels[centre - step] + pixels[centre] + pixels[centre + step];

    /// <inheritdoc/>
    internal override ImageStep OnDevice(double value, int width, int height) => new(ImageStepKind.Sharpness, value);
}
