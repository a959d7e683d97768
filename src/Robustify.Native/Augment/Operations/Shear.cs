using Robustify.Kernels.Cuda;
using Robustify.Kernels.Random;

namespace Robustify.Native.Augment.Operations;

/// <summary>Horizontal shear: X = x + value * y. The value is a slope.</summary>
internal sealed class ShearX : AugMixOperation
{
    /// <inheritdoc/>
    public override string Name => "shear_x";

    /// <inheritdoc/>
    public override double Draw(LevelRange levels, int width, int height, IRandomStream random) => WithRandomSign(DrawReal(levels, 0.3, random), random);

    /// <inheritdoc/>
    public override void Apply(double value, AugMixScratch scratch) => Transform(value).Apply(scratch);

    /// <inheritdoc/>
    internal override ImageStep OnDevice(double value, int width, int height) => Transform(value).OnDevice();

    private static AffineTransform Transform(double slope) => new(1, slope, 0, 0, 1, 0);
}

/// <summary>Vertical shear: Y = value * x + y. The value is a slope.</summary>
internal sealed class ShearY : AugMixOperation
{
    /// <inheritdoc/>
    public override string Name => "shear_y";

    /// <inheritdoc/>
    public override double Draw(LevelRange levels, int width, int height, IRandomStream random) => WithRandomSign(DrawReal(levels, 0.3, random), random);

    /// <inheritdoc/>
    public override void Apply(double value, AugMixScratch scratch) => Transform(value).Apply(scratch);

    /// <inheritdoc/>
    internal override ImageStep OnDevice(double value, int width, int height) => Transform(value).OnDevice();

    private static AffineTransform Transform(double slope) => new(1, 0, 0, slope, 1, 0);
}
