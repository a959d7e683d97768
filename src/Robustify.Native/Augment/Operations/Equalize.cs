using Robustify.Kernels.Cuda;
using Robustify.Kernels.Random;

namespace Robustify.Native.Augment.Operations;

/// <summary>Flattens each channel's histogram (ImageOps.equalize): an integer running sum, divided by the mean bin without the last one.</summary>
internal sealed class Equalize : AugMixOperation
{
    /// <inheritdoc/>
    public override string Name => "equalize";

    /// <inheritdoc/>
    public override double Draw(LevelRange levels, int width, int height, IRandomStream random) => 0;

    /// <inheritdoc/>
    public override void Apply(double value, AugMixScratch scratch)
    {
        Span<int> histogram = scratch.Histogram;
        Span<byte> table = scratch.Table;
        int count = scratch.Current.Width * scratch.Current.Height;
        for (int channel = 0; channel < scratch.Current.Channels; channel++)
        {
            PixelTable.Histogram(scratch.Current, channel, histogram);
            // A single used bin leaves count - last = 0, so its step is 0 too: both identities of the reference are this one test.
            int step = (count - histogram[histogram.LastIndexOfAnyExcept(0)]) / 255;
            if (step == 0)
                continue;
            int sum = step / 2;
            for (int i = 0; i < PixelTable.Size; i++)
            {
                table[i] = (byte)Math.Min(255, sum / step);
                sum += histogram[i];
            }

            PixelTable.Apply(scratch.Current, channel, table);
        }
    }

    /// <inheritdoc/>
    internal override ImageStep OnDevice(double value, int width, int height) => new(ImageStepKind.Equalize);
}
