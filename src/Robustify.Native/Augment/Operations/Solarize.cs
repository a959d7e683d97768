using Robustify.Kernels.Cuda;
using Robustify.Kernels.Random;

namespace Robustify.Native.Augment.Operations;

/// <summary>Inverts each value at or above a threshold (ImageOps.solarize). The value is the threshold, 0 to 256.</summary>
internal sealed class Solarize : AugMixOperation
{
    /// <inheritdoc/>
    public override string Name => "solarize";

    /// <inheritdoc/>
    public override double Draw(LevelRange levels, int width, int height, IRandomStream random) => 256 - DrawInteger(levels, 256, random);

    /// <inheritdoc/>
    public override void Apply(double value, AugMixScratch scratch)
    {
        Span<byte> table = scratch.Table;
        for (int i = 0; i < PixelTable.Size; i++)
            table[i] = (byte)(i < value ? i : 255 - i);
        PixelTable.Apply(scratch.Current, table);
    }

    /// <inheritdoc/>
    internal override ImageStep OnDevice(double value, int width, int height) => new(ImageStepKind.Solarize, value);
}
