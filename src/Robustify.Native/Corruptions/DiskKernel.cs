namespace Robustify.Native.Corruptions;

/// <summary>
/// The reference's antialiased disk: ones inside the radius on a grid of half-width 8 (or the radius, beyond 8) divided by their count, then
/// blurred by a 3x3 (5x5) Gaussian with reflect-101 borders, in single precision. It is not normalised again: where the disk touches the
/// grid's edge the mirrored border doubles mass, so the kernels of radius 8 and 10 sum to 1.01 and brighten the image, as published.
/// </summary>
internal sealed class DiskKernel
{
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
        Taps = [.. Grid(halfWidth).Where(p => weights[p.Y + halfWidth, p.X + halfWidth] != 0)
            .Select(p => (p.X, p.Y, (double)weights[p.Y + halfWidth, p.X + halfWidth]))];
        Reach = Taps.Max(tap => Math.Max(Math.Abs(tap.Dx), Math.Abs(tap.Dy)));
    }

    /// <summary>The non-zero weights in row-major order, offsets in pixels.</summary>
    public (int Dx, int Dy, double Weight)[] Taps { get; }

    /// <summary>The largest offset.</summary>
    public int Reach { get; }

    /// <summary>Index -1 becomes 1 and size becomes size - 2, and so on with period 2 size - 2.</summary>
    public static int Reflect101(int index, int size)
    {
        if (size == 1)
            return 0;
        int period = 2 * size - 2, folded = ((index % period) + period) % period;
        return folded < size ? folded : period - folded;
    }

    private static IEnumerable<(int X, int Y)> Grid(int halfWidth)
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
                    sum += (from[Reflect101(y - k * stepY, size), Reflect101(x - k * stepX, size)]
                        + from[Reflect101(y + k * stepY, size), Reflect101(x + k * stepX, size)]) * weights[k];
                }

                to[y, x] = sum;
            }
        }

        return to;
    }
}
