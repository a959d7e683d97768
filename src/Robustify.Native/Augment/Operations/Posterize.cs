using Robustify.Kernels.Cuda;
using Robustify.Kernels.Random;

namespace Robustify.Native.Augment.Operations;

/// <summary>Keeps the highest bits of each value (ImageOps.posterize). The value is the number of bits kept, 0 to 8.</summary>
internal sealed class Posterize : AugMixOperation
{
    /// <inheritdoc/>
    public override string Name => "posterize";

    /// <inheritdoc/>
    public override double Draw(LevelRange levels, int width, int height, IRandomStream random) => 4 - DrawInteger(levels, 4, random);

    /// <inheritdoc/>
    public override void Apply(double value, AugMixScratch scratch)
    {
        byte mask = Mask(value);
        foreach (ref byte pixel in scratch.Current.Pixels)
            pixel &= mask;
    }

    private static byte Mask(double bits) => (byte)(0xFF00 >> (int)bits);

    /// <inheritdoc/>
    internal override ImageStep OnDevice(double value, int width, int height) => new(ImageStepKind.Posterize, Mask(value));
}
