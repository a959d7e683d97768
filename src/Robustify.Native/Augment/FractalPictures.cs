using Robustify.Kernels.Random;
using Robustify.Native.Data.Images;

namespace Robustify.Native.Augment;

/// <summary>
/// The pictures that PixMix mixes in: attractors of random iterated function systems (Barnsley, "Fractals Everywhere", 1988), drawn by the
/// chaos game, in two colours each. The published set of fractals and feature visualisations is a download of its own; results with these
/// differ from published ones. The same pictures in every run, whatever its seed. Safe to share between threads.
/// </summary>
internal sealed class FractalPictures : MixingPictures
{
    /// <summary>Pictures in the set.</summary>
    private const int PicturesDrawn = 64;

    // Enough for a density without holes; a point takes a few nanoseconds.
    private const int PointsAPixel = 16;

    private readonly Image8[] pictures;

    /// <summary>Draws the set.</summary>
    /// <param name="side">Pixels a side.</param>
    /// <param name="channels">1 (grey) or 3 (RGB).</param>
    public FractalPictures(int side, int channels)
    {
        pictures = new Image8[PicturesDrawn];
        var points = new (double X, double Y)[PointsAPixel * side * side];
        var density = new double[side * side];
        for (int i = 0; i < pictures.Length; i++)
        {
            var random = new PhiloxStream(0, RandomPurpose.MixingPictures, 0, (uint)i);
            Play(points, random);
            Accumulate(points, density, side);
            pictures[i] = Paint(density, side, channels, random);
        }
    }

    /// <summary>Bytes of a set.</summary>
    public static long BytesOf(int side, int channels) => (long)PicturesDrawn * side * side * channels;

    public override int Count => pictures.Length;

    public override bool AreAlike => true;

    public override Image8 this[int index] => pictures[index];

    /// <summary>x &lt;- A_i x + t_i with a map drawn anew for each point; every map shrinks, so the points stay bounded.</summary>
    private static void Play(Span<(double X, double Y)> points, PhiloxStream random)
    {
        int maps = random.NextInteger(2, 5);
        Span<double> coefficients = stackalloc double[4 * 6];
        for (int map = 0; map < maps; map++)
        {
            var c = coefficients.Slice(6 * map, 6);
            foreach (ref double x in c)
                x = 2 * random.NextUniform() - 1;
            // Frobenius norm at least the spectral one: below 1 the map is a contraction.
            double norm = Math.Sqrt(c[0] * c[0] + c[1] * c[1] + c[2] * c[2] + c[3] * c[3]), wanted = 0.6 + 0.35 * random.NextUniform();
            for (int i = 0; i < 4; i++)
                c[i] *= wanted / norm;
        }

        double px = 0, py = 0;
        foreach (ref var point in points)
        {
            var c = coefficients.Slice(6 * random.NextInteger(0, maps), 6);
            (px, py) = (c[0] * px + c[1] * py + c[4], c[2] * px + c[3] * py + c[5]);
            point = (px, py);
        }
    }

    /// <summary>Counts the points of each pixel; the attractor fills the picture.</summary>
    private static void Accumulate(ReadOnlySpan<(double X, double Y)> points, Span<double> density, int side)
    {
        double left = double.MaxValue, right = double.MinValue, top = double.MaxValue, bottom = double.MinValue;
        foreach (var (x, y) in points)
        {
            (left, right) = (Math.Min(left, x), Math.Max(right, x));
            (top, bottom) = (Math.Min(top, y), Math.Max(bottom, y));
        }

        density.Clear();
        double scaleX = (side - 1) / Math.Max(right - left, 1e-9), scaleY = (side - 1) / Math.Max(bottom - top, 1e-9);
        foreach (var (x, y) in points)
            density[(int)((y - top) * scaleY + 0.5) * side + (int)((x - left) * scaleX + 0.5)]++;
    }

    /// <summary>The logarithm of the density, as fractal flames show it, from one random colour to another.</summary>
    private static Image8 Paint(ReadOnlySpan<double> density, int side, int channels, PhiloxStream random)
    {
        var picture = new Image8(side, side, channels);
        double most = 0;
        foreach (double count in density)
            most = Math.Max(most, count);
        for (int channel = 0; channel < channels; channel++)
        {
            // A quarter of the range apart at least, around its end where need be: a picture of one colour has no structure.
            double empty = 256 * random.NextUniform(), full = (empty + 64 + 128 * random.NextUniform()) % 256;
            for (int i = 0; i < density.Length; i++)
                picture.Pixels[i * channels + channel] = (byte)(empty + (full - empty) * Math.Log(1 + density[i]) / Math.Log(1 + most));
        }

        return picture;
    }
}
