using Robustify.Kernels.Cuda;
using Robustify.Kernels.Random;

namespace Robustify.Native.Augment.Operations;

/// <summary>Stretches each channel so that its darkest value becomes 0 and its brightest 255 (ImageOps.autocontrast without cut-off).</summary>
internal sealed class Autocontrast : AugMixOperation
{
    /// <inheritdoc/>
    public override string Name => "autocontrast";

    /// <inheritdoc/>
    public override double Draw(LevelRange levels, int width, int height, IRandomStream random) => 0;

    /// <inheritdoc/>
    public override void Apply(double value, AugMixScratch scratch)
    {
        Span<int> histogram = scratch.Histogram;
        Span<byte> table = scratch.Table;
        for (int channel = 0; channel < scratch.Current.Channels; channel++)
        {
            PixelTable.Histogram(scratch.Current, channel, histogram);
            int low = histogram.IndexOfAnyExcept(0), high = histogram.LastIndexOfAnyExcept(0);
            if (high <= low)
                continue;
            double scale = 255.0 / (high - low), offset = -low * scale;
            for (int i = 0; i < PixelTable.Size; i++)
                table[i] = (byte)Math.Clamp((int)(i * scale + offset), 0, 255);
            PixelTable.Apply(scratch.Current, channel, table);
        }
    }

    /// <inheritdoc/>
    internal override ImageStep OnDevice(double value, int width, int height) => new(ImageStepKind.Autocontrast);
}
