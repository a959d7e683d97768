using Robustify.Kernels.Random;
using Robustify.Native.Data.Images;

namespace Robustify.Native.Augment;

/// <summary>
/// The attractor of a random iterated function system (M. Barnsley, "Fractals everywhere", 1988), drawn by the chaos game: how often a pixel is
/// met gives its brightness on a logarithmic scale, which map led there its colour.
/// </summary>
internal static class Fractal
{
    private const int Side = 256;
    private const int Points = 150_000;
    private const int Settling = 50;

    public static Image8 Draw(ulong seed, uint index)
    {
        var random = new PhiloxStream(seed, RandomPurpose.AugMix, uint.MaxValue, index);
        var maps = new (double A, double B, double C, double D, double E, double F)[random.NextInteger(2, 7)];
        var colours = new (double Red, double Green, double Blue)[maps.Length];
        for (int i = 0; i < maps.Length; i++)
        {
            // Two rotations about two contractions: every map shrinks, so the system has an attractor.
            double turn = random.NextUniform() * 2 * Math.PI, back = random.NextUniform() * 2 * Math.PI;
            double along = 0.35 + 0.6 * random.NextUniform(), across = 0.25 + 0.6 * random.NextUniform();
            double c1 = Math.Cos(turn), s1 = Math.Sin(turn), c2 = Math.Cos(back), s2 = Math.Sin(back);
            maps[i] = (
                c1 * along * c2 - s1 * across * s2, -c1 * along * s2 - s1 * across * c2, s1 * along * c2 + c1 * across * s2,
                -s1 * along * s2 + c1 * across * c2, 2 * random.NextUniform() - 1, 2 * random.NextUniform() - 1);
            colours[i] = (random.NextUniform(), random.NextUniform(), random.NextUniform());
        }

        var points = new (float X, float Y, byte Map)[Points];
        double x = 0, y = 0;
        for (int i = -Settling; i < Points; i++)
        {
            int map = random.NextInteger(0, maps.Length);
            var (a, b, c, d, e, f) = maps[map];
            (x, y) = (a * x + b * y + e, c * x + d * y + f);
            if (i >= 0)
                points[i] = ((float)x, (float)y, (byte)map);
        }

        return Render(points, colours, random);
    }

    private static Image8 Render((float X, float Y, byte Map)[] points, (double Red, double Green, double Blue)[] colours, PhiloxStream random)
    {
        float left = points.Min(p => p.X), right = points.Max(p => p.X), top = points.Min(p => p.Y), bottom = points.Max(p => p.Y);
        float scale = (Side - 1) / Math.Max(Math.Max(right - left, bottom - top), 1e-6f);
        var density = new float[Side * Side * 4];
        foreach (var (x, y, map) in points)
        {
            int at = ((int)((y - top) * scale) * Side + (int)((x - left) * scale)) * 4;
            density[at] += (float)colours[map].Red;
            density[at + 1] += (float)colours[map].Green;
            density[at + 2] += (float)colours[map].Blue;
            density[at + 3]++;
        }

        float largest = 1;
        for (int i = 3; i < density.Length; i += 4)
            largest = Math.Max(largest, density[i]);
        var image = new Image8(Side, Side, 3);
        double ground = random.NextUniform() * 0.5;
        for (int pixel = 0; pixel < Side * Side; pixel++)
        {
            float count = density[pixel * 4 + 3];
            double brightness = Math.Log(1 + count) / Math.Log(1 + largest);
            for (int channel = 0; channel < 3; channel++)
            {
                double colour = count > 0 ? density[pixel * 4 + channel] / count : 0;
                image.Pixels[pixel * 3 + channel] = (byte)(255 * Math.Min(ground + (1 - ground) * Math.Sqrt(brightness) * (0.3 + 0.7 * colour), 1));
            }
        }

        return image;
    }
}
