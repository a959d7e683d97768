using Robustify.Native.Corruptions.Pixels;

namespace Robustify.Native.Corruptions.Blur;

/// <summary>
/// The reference's antialiased disk: ones inside the radius on a grid of half-width 8 (or the radius, beyond 8) divided by their count, then
/// blurred by a 3x3 (5x5) Gaussian with reflect-101 borders, in single precision. It is not normalised again: where the disk touches the
/// grid's edge the mirrored border doubles mass, so the kernels of radius 8 and 10 sum to 1.01 and brighten the image, as published.
/// </summary>
internal sealed class DiskKernel
{
    // 257 * 255 is the largest sum of bytes that 16 bits hold.
    private const int MaxOffsets = 257;

    private byte[]? flatBytes;

    public DiskKernel(double radius, double aliasSigma)
    {
        int halfWidth = radius <= 8 ? 8 : (int)radius, size = 2 * halfWidth + 1;
        var weights = new float[size, size];
        int count = 0;
        foreach (var (x, y) in Grid(halfWidth))
            count += x * x + y * y <= radius * radius ? 1 : 0;
        foreach (var (x, y) in Grid(halfWidth))
            weights[y + halfWidth, x + halfWidth] = x * x + y * y <= radius * radius ? 1f / count : 0f;

        float[] blur = BlurWeights(radius <= 8 ? 1 : 2, aliasSigma);
        weights = Blur(Blur(weights, blur, 0, 1), blur, 1, 0);
        var taps = Grid(halfWidth).Where(p => weights[p.Y + halfWidth, p.X + halfWidth] != 0).ToArray();
        // Rounding gives the mirror images of a pixel weights that differ in the last bit. They are one ring of the mean weight: flat regions
        // keep their sum, and elsewhere the change is a millionth of a level.
        Rings = [.. taps.GroupBy(Mirrored)
            .Select(mirrored => (Offsets: mirrored.ToArray(), Weight: mirrored.Average(p => (double)weights[p.Y + halfWidth, p.X + halfWidth])))
            .GroupBy(ring => ring.Weight).OrderBy(ring => ring.Key)
            .SelectMany(ring => ring.SelectMany(part => part.Offsets).Chunk(MaxOffsets).Select(offsets => new Ring(ring.Key, offsets)))];
        TapCount = taps.Length;
        Separable = new(radius, blur, Rings);
        Reach = Math.Max(taps.Max(tap => Math.Max(Math.Abs(tap.X), Math.Abs(tap.Y))), Separable.Reach);
    }

    /// <summary>Pixels of equal weight together: their bytes are summed as integers, and only the sums are weighed. Lightest first.</summary>
    public Ring[] Rings { get; }

    /// <summary>Offsets of all rings together.</summary>
    public int TapCount { get; }

    /// <summary>The same kernel, nearly, at a fraction of the work.</summary>
    public SeparableDisk Separable { get; }

    /// <summary>The largest offset of either.</summary>
    public int Reach { get; }

    /// <summary>For each level the byte that an image of nothing else becomes.</summary>
    public ReadOnlySpan<byte> FlatBytes => flatBytes ??= [.. Enumerable.Range(0, 256).Select(level =>
        UnitRange.ToByte(Rings.Aggregate(0.0, (sum, ring) => Math.FusedMultiplyAdd(ring.Offsets.Length * level, ring.Weight / 255, sum))))];

    /// <summary>What a pixel has in common with its mirror images in rows, columns and diagonals.</summary>
    internal static (int Shorter, int Longer) Mirrored((int X, int Y) offset) =>
        (Math.Min(Math.Abs(offset.X), Math.Abs(offset.Y)), Math.Max(Math.Abs(offset.X), Math.Abs(offset.Y)));

    internal static IEnumerable<(int X, int Y)> Grid(int halfWidth)
    {
        for (int y = -halfWidth; y <= halfWidth; y++)
        {
            for (int x = -halfWidth; x <= halfWidth; x++)
                yield return (x, y);
        }
    }

    private static float[] BlurWeights(int radius, double sigma)
    {
        var weights = Enumerable.Range(0, radius + 1).Select(k => Math.Exp(-0.5 / (sigma * sigma) * (k * k))).ToArray();
        double sum = weights[0] + 2 * weights[1..].Sum();
        return [.. weights.Select(weight => (float)(weight / sum))];
    }

    private static float[,] Blur(float[,] from, float[] weights, int stepY, int stepX)
    {
        int size = from.GetLength(0);
        var to = new float[size, size];
        for (int y = 0; y < size; y++)
        {
            for (int x = 0; x < size; x++)
            {
                float sum = from[y, x] * weights[0];
                for (int k = 1; k < weights.Length; k++)
                {
                    sum += (from[Border.Reflect101(y - k * stepY, size), Border.Reflect101(x - k * stepX, size)]
                        + from[Border.Reflect101(y + k * stepY, size), Border.Reflect101(x + k * stepX, size)]) * weights[k];
                }

                to[y, x] = sum;
            }
        }

        return to;
    }

    /// <summary>At most 257 offsets in pixels that share a weight.</summary>
    internal sealed record Ring(double Weight, (int X, int Y)[] Offsets);
}
