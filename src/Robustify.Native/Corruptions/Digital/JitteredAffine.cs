using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Robustify.Kernels.Random;
using Robustify.Native.Corruptions.Pixels;
using Robustify.Native.Data.Images;

namespace Robustify.Native.Corruptions.Digital;

/// <summary>
/// OpenCV's <c>warpAffine</c> with bilinear interpolation and reflect-101 borders in single precision: x_in = a x + b y + c and
/// y_in = d x + e y + f, rounded to 1/32 pixel in OpenCV's way.
/// </summary>
internal readonly record struct JitteredAffine(double A, double B, double C, double D, double E, double F)
{
    private const int FractionBits = 5;
    private const int Steps = 1 << FractionBits;
    private const double Scale = 1 << 10; // coordinates are summed with ten bits of fraction and then cut to five
    private static readonly float[] Units = [.. Enumerable.Range(0, 256).Select(level => (float)(level / 255.0))];

    /// <summary>
    /// The inverse of the map that moves (c + s, c + s), (c + s, c - s) and (c - s, c - s), c the centre and s a third of the shorter side, by
    /// offsets drawn from U(-jitter, jitter), x before y. Images too small for three points are left as they are.
    /// </summary>
    public static JitteredAffine Draw(int width, int height, double jitter, IRandomStream random)
    {
        int centreX = width / 2, centreY = height / 2, reach = Math.Min(width, height) / 3;
        float q1x = Move(centreX + reach), q1y = Move(centreY + reach);
        float q2x = Move(centreX + reach), q2y = Move(centreY - reach);
        float q3x = Move(centreX - reach), q3y = Move(centreY - reach);
        if (reach == 0)
            return new(1, 0, 0, 0, 1, 0);

        double xx = ((double)q2x - q3x) / (2 * reach), yx = ((double)q2y - q3y) / (2 * reach);
        double xy = ((double)q1x - q2x) / (2 * reach), yy = ((double)q1y - q2y) / (2 * reach);
        double x0 = q1x - xx * (centreX + reach) - xy * (centreY + reach), y0 = q1y - yx * (centreX + reach) - yy * (centreY + reach);
        double determinant = xx * yy - xy * yx, inverse = determinant != 0 ? 1 / determinant : 0;
        double a = yy * inverse, b = -xy * inverse, d = -yx * inverse, e = xx * inverse;
        return new(a, b, -a * x0 - b * y0, d, e, -d * x0 - e * y0);

        float Move(int coordinate) => coordinate + (float)(-jitter + 2 * jitter * random.NextUniform());
    }

    /// <summary>Writes the warped image in [0, 1] with four floats a pixel; grey is repeated. Takes integers 0 and floats 5 of the scratch.</summary>
    public void Apply(Image8 source, Span<float> warped, CorruptionScratch scratch)
    {
        int width = source.Width, height = source.Height;
        Span<int> stepX = scratch.Integers(0, width), stepY = scratch.Integers(1, width);
        for (int x = 0; x < width; x++)
            (stepX[x], stepY[x]) = (Round(A * x * Scale), Round(D * x * Scale));
        Span<float> pixels = scratch.Floats(5, width * height * Displacement.Lanes);
        Spread(source, pixels);
        for (int y = 0; y < height; y++)
        {
            int startX = Round((B * y + C) * Scale) + 16, startY = Round((E * y + F) * Scale) + 16;
            Span<float> row = warped[(y * width * Displacement.Lanes)..];
            for (int x = 0; x < width; x++)
            {
                int inX = (startX + stepX[x]) >> 5, inY = (startY + stepY[x]) >> 5;
                Sample(pixels, width, height, inX, inY).CopyTo(row[(x * Displacement.Lanes)..]);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<float> Sample(ReadOnlySpan<float> pixels, int width, int height, int inX, int inY)
    {
        int left = inX >> FractionBits, top = inY >> FractionBits;
        float fractionX = (inX & (Steps - 1)) * (1f / Steps), fractionY = (inY & (Steps - 1)) * (1f / Steps);
        int right = Border.Reflect101(left + 1, width), bottom = Border.Reflect101(top + 1, height) * width;
        left = Border.Reflect101(left, width);
        top = Border.Reflect101(top, height) * width;
        // Products and sums are rounded one by one, as OpenCV's loop has them.
        return At(pixels, top + left) * ((1 - fractionY) * (1 - fractionX)) + At(pixels, top + right) * ((1 - fractionY) * fractionX)
            + At(pixels, bottom + left) * (fractionY * (1 - fractionX)) + At(pixels, bottom + right) * (fractionY * fractionX);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<float> At(ReadOnlySpan<float> pixels, int index) => Vector128.Create(pixels[(index * Displacement.Lanes)..]);

    private static void Spread(Image8 source, Span<float> pixels)
    {
        ReadOnlySpan<byte> from = source.Pixels;
        ReadOnlySpan<float> units = Units;
        int channels = source.Channels, second = channels == 3 ? 1 : 0, third = 2 * second;
        for (int i = 0, at = 0; i < from.Length; i += channels, at += Displacement.Lanes)
            Vector128.Create(units[from[i]], units[from[i + second]], units[from[i + third]], 0).CopyTo(pixels[at..]);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int Round(double value) => (int)Math.Round(value, MidpointRounding.ToEven);
}
