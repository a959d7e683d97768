using Robustify.Kernels.Random;

namespace Robustify.Native.Augment.Operations;

/// <summary>Rotates about the centre (Image.rotate, bilinear, same size). The value is in degrees, counter-clockwise.</summary>
internal sealed class Rotate : AugMixOperation
{
    // Pillow rounds the matrix entries, so that a right angle has an exact zero.
    private const int MatrixDecimals = 15;

    /// <inheritdoc/>
    public override string Name => "rotate";

    /// <inheritdoc/>
    public override double Draw(LevelRange levels, int width, int height, IRandomStream random) =>
        WithRandomSign(DrawInteger(levels, 30, random), random);

    /// <inheritdoc/>
    public override void Apply(double value, AugMixScratch scratch)
    {
        if (value == 0)
            return;
        double degrees = value % 360;
        if (degrees < 0)
            degrees += 360;
        double angle = -(degrees * (Math.PI / 180));
        double cosine = Math.Round(Math.Cos(angle), MatrixDecimals), sine = Math.Round(Math.Sin(angle), MatrixDecimals);
        double centreX = scratch.Current.Width / 2.0, centreY = scratch.Current.Height / 2.0;
        new AffineTransform(
            cosine,
            sine,
            cosine * -centreX + sine * -centreY + centreX,
            -sine,
            cosine,
            -sine * -centreX + cosine * -centreY + centreY).Apply(scratch);
    }
}
