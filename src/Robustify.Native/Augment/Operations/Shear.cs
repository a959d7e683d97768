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
    public override void Apply(double value, AugMixScratch scratch) => new AffineTransform(1, value, 0, 0, 1, 0).Apply(scratch);
}

/// <summary>Vertical shear: Y = value * x + y. The value is a slope.</summary>
internal sealed class ShearY : AugMixOperation
{
    /// <inheritdoc/>
    public override string Name => "shear_y";

    /// <inheritdoc/>
    public override double Draw(LevelRange levels, int width, int height, IRandomStream random) => WithRandomSign(DrawReal(levels, 0.3, random), random);

    /// <inheritdoc/>
    public override void Apply(double value, AugMixScratch scratch) => new AffineTransform(1, 0, 0, value, 1, 0).Apply(scratch);
}
