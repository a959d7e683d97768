using Robustify.Kernels.Cuda;
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
        if (value != 0)
            Transform(value, scratch.Current.Width, scratch.Current.Height).Apply(scratch);
    }

    /// <inheritdoc/>
    internal override ImageStep OnDevice(double value, int width, int height) =>
        value == 0 ? new(ImageStepKind.Copy) : Transform(value, width, height).OnDevice();

    private static AffineTransform Transform(double value, int width, int height)
    {
        double degrees = value % 360;
        if (degrees < 0)
            degrees += 360;
        double angle = -(degrees * (Math.PI / 180));
        double cosine = Math.Round(Math.Cos(angle), MatrixDecimals), sine = Math.Round(Math.Sin(angle), MatrixDecimals);
        double centreX = width / 2.0, centreY = height / 2.0;
        return new AffineTransform(
            cosine,
            sine,
            cosine * -centreX + sine * -centreY + centreX,
            -sine,
            cosine,
            -sine * -centreX + cosine * -centreY + centreY);
    }
}
