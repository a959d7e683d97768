using Robustify.Kernels.Random;
using Robustify.Native.Data.Images;

namespace Robustify.Native.Corruptions.Weather;

/// <summary>
/// Frost drawn from fixed seeds: needles of ice that branch at 60 degrees, denser and brighter towards the edges of a pane, over a bluish
/// white haze of plasma. Mean levels lie near those of the published photographs (120 to 210), but it is another texture.
/// </summary>
internal static class ProceduralFrost
{
    private const int Side = 512;
    private const ulong Seed = 0xF2057;
    private const int Branchings = 4;

    /// <summary>The first <paramref name="count"/> pictures, always the same.</summary>
    public static Image8[] Draw(int count) => [.. Enumerable.Range(0, count).Select(Picture)];

    private static Image8 Picture(int index)
    {
        var random = new PhiloxStream(Seed, RandomPurpose.Corruption, 0, (uint)index);
        var ice = new float[Side * Side];
        int needles = 220 + 60 * index;
        for (int i = 0; i < needles; i++)
        {
            double x = random.NextUniform() * Side, y = random.NextUniform() * Side;
            Grow(ice, x, y, random.NextUniform() * 2 * Math.PI, 20 + 110 * random.NextUniform(), 0.9, Branchings, random);
        }

        var picture = new Image8(Side, Side, 3);
        Span<float> haze = Plasma.Draw(Side, 1.7, random, new CorruptionScratch(), out int stride);
        double floor = 40 + 25 * index;
        for (int y = 0; y < Side; y++)
        {
            for (int x = 0; x < Side; x++)
            {
                double white = Math.Min(floor + 110 * haze[y * stride + x] + 150 * (1 - Math.Exp(-ice[y * Side + x])), 255);
                Span<byte> pixel = picture.Pixels.Slice((y * Side + x) * 3, 3);
                pixel[0] = (byte)(white * 0.94);
                pixel[1] = (byte)(white * 0.98);
                pixel[2] = (byte)white;
            }
        }

        return picture;
    }

    // A needle that thins out towards its tip and sends off shorter ones at 60 degrees.
    private static void Grow(float[] ice, double x, double y, double angle, double length, double strength, int depth, PhiloxStream random)
    {
        double cosine = Math.Cos(angle), sine = Math.Sin(angle), next = 4 + 6 * random.NextUniform();
        for (double along = 0; along < length; along += 0.7)
        {
            double fade = strength * (1 - along / length);
            Deposit(ice, x + along * cosine, y + along * sine, fade);
            if (along < next || depth == 0)
                continue;
            next += 5 + 9 * random.NextUniform();
            double side = random.NextUniform() < 0.5 ? -Math.PI / 3 : Math.PI / 3;
            Grow(ice, x + along * cosine, y + along * sine, angle + side, (length - along) * 0.45, fade * 0.8, depth - 1, random);
        }
    }

    // Spread over the four nearest pixels, so that needles are smooth; the pane is a torus.
    private static void Deposit(float[] ice, double x, double y, double amount)
    {
        int left = (int)Math.Floor(x), top = (int)Math.Floor(y);
        double fractionX = x - left, fractionY = y - top;
        Add(left, top, (1 - fractionX) * (1 - fractionY));
        Add(left + 1, top, fractionX * (1 - fractionY));
        Add(left, top + 1, (1 - fractionX) * fractionY);
        Add(left + 1, top + 1, fractionX * fractionY);

        void Add(int atX, int atY, double share) => ice[(atY & (Side - 1)) * Side + (atX & (Side - 1))] += (float)(amount * share);
    }
}
