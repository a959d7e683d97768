using System.Runtime.CompilerServices;
using Robustify.Kernels.Cuda;
using Robustify.Native.Data.Images;

namespace Robustify.Native.Augment.Operations;

/// <summary>
/// Pillow's Image.transform(AFFINE, BILINEAR) at unchanged size: the centre of output pixel (x, y) is mapped to
/// X = a (x + 1/2) + b (y + 1/2) + c, Y = d (x + 1/2) + e (y + 1/2) + f. Outside the image the pixel is black; inside, it is interpolated
/// between pixel centres with repeated edges and truncated to 8 bits. Sums are taken in Pillow's order, in double, because truncation
/// turns the last bit of a coordinate into a whole level.
/// </summary>
internal readonly record struct AffineTransform(double A, double B, double C, double D, double E, double F)
{
    /// <summary>The transform as a device takes it.</summary>
    public ImageStep OnDevice() => new(ImageStepKind.Affine, A, B, C, D, E, F);

    /// <summary>Transforms the current image through the spare one.</summary>
    public void Apply(AugMixScratch scratch)
    {
        Image8 source = scratch.Current, destination = scratch.Spare;
        destination.Reshape(source.Width, source.Height, source.Channels);
        if (source.Channels == 1)
            TransformGrey(source.Pixels, destination.Pixels, source.Width, source.Height);
        else
            TransformRgb(source.Pixels, destination.Pixels, source.Width, source.Height);
        scratch.Swap();
    }

    private void TransformGrey(ReadOnlySpan<byte> source, Span<byte> destination, int width, int height)
    {
        int output = 0;
        for (int y = 0; y < height; y++)
        {
            double rowX = B * (y + 0.5), rowY = E * (y + 0.5);
            for (int x = 0; x < width; x++, output++)
            {
                double inX = A * (x + 0.5) + rowX + C, inY = D * (x + 0.5) + rowY + F;
                if (!(inX >= 0 && inX < width && inY >= 0 && inY < height))
                {
                    destination[output] = 0;
                    continue;
                }

                var (left, right, fractionX) = Neighbours(inX - 0.5, width);
                var (top, bottom, fractionY) = Neighbours(inY - 0.5, height);
                top *= width;
                bottom *= width;
                destination[output] = (byte)Interpolate(
                    Interpolate(source[top + left], source[top + right], fractionX),
                    Interpolate(source[bottom + left], source[bottom + right], fractionX),
                    fractionY);
            }
        }
    }

    private void TransformRgb(ReadOnlySpan<byte> source, Span<byte> destination, int width, int height)
    {
        int output = 0;
        for (int y = 0; y < height; y++)
        {
            double rowX = B * (y + 0.5), rowY = E * (y + 0.5);
            for (int x = 0; x < width; x++, output += 3)
            {
                double inX = A * (x + 0.5) + rowX + C, inY = D * (x + 0.5) + rowY + F;
                if (!(inX >= 0 && inX < width && inY >= 0 && inY < height))
                {
                    destination.Slice(output, 3).Clear();
                    continue;
                }

                var (left, right, fractionX) = Neighbours(inX - 0.5, width);
                var (top, bottom, fractionY) = Neighbours(inY - 0.5, height);
                var topLeft = source.Slice((top * width + left) * 3, 3);
                var topRight = source.Slice((top * width + right) * 3, 3);
                var bottomLeft = source.Slice((bottom * width + left) * 3, 3);
                var bottomRight = source.Slice((bottom * width + right) * 3, 3);
                var pixel = destination.Slice(output, 3);
                for (int channel = 0; channel < 3; channel++)
                {
                    pixel[channel] = (byte)Interpolate(
                        Interpolate(topLeft[channel], topRight[channel], fractionX),
                        Interpolate(bottomLeft[channel], bottomRight[channel], fractionX),
                        fractionY);
                }
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static (int Low, int High, double Fraction) Neighbours(double coordinate, int size)
    {
        double floor = Math.Floor(coordinate);
        int low = (int)floor;
        return (Math.Max(low, 0), Math.Min(low + 1, size - 1), coordinate - floor);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static double Interpolate(double a, double b, double fraction) => a + (b - a) * fraction;
}
