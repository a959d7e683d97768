namespace Robustify.Native.Models.Checkpoints;

/// <summary>
/// Learned positions for another image size: the grid is resampled by Keys' cubic with a = -1/2 and antialiasing, tokens before the grid
/// are kept. The same as timm's resample_abs_pos_embed (PyTorch's bicubic with antialias).
/// </summary>
internal static class PositionInterpolation
{
    private const double CubicSupport = 2;

    /// <summary>
    /// Whether positions [from, width] can become positions [to, width]: both a square grid and the tokens before it, or the former the grid alone.
    /// </summary>
    public static bool IsPossible(int from, int to, int prefix) =>
        from > StoredPrefix(from, prefix) && to > prefix && IsSquare(from - StoredPrefix(from, prefix)) && IsSquare(to - prefix);

    /// <summary>Of <paramref name="count"/> stored positions how many are of tokens before the grid: none where the grid alone has positions.</summary>
    public static int StoredPrefix(int count, int prefix) => IsSquare(count) ? 0 : prefix;

    /// <summary>
    /// Writes the positions of the other grid; rows are tokens of <paramref name="width"/> elements. Tokens before the grid keep theirs, or have
    /// 0 where the source has none of them.
    /// </summary>
    public static void Resample(ReadOnlySpan<float> source, Span<float> destination, int width, int stored, int prefix)
    {
        int from = Side(source.Length / width - stored), to = Side(destination.Length / width - prefix);
        destination[..(prefix * width)].Clear();
        source[..(stored * width)].CopyTo(destination);
        var grid = source[(stored * width)..];
        var target = destination[(prefix * width)..];
        double[] weights = Weights(from, to);
        // Along each row into [from, to, width], then down the columns.
        var rows = new double[from * to * width];
        for (int y = 0; y < from; y++)
        {
            for (int x = 0; x < to; x++)
            {
                for (int tap = 0; tap < from; tap++)
                    Add(weights[x * from + tap], grid.Slice((y * from + tap) * width, width), rows.AsSpan((y * to + x) * width, width));
            }
        }

        var sum = new double[width];
        for (int y = 0; y < to; y++)
        {
            for (int x = 0; x < to; x++)
            {
                Array.Clear(sum);
                for (int tap = 0; tap < from; tap++)
                {
                    for (int i = 0; i < width; i++)
                        sum[i] += weights[y * from + tap] * rows[(tap * to + x) * width + i];
                }

                for (int i = 0; i < width; i++)
                    target[(y * to + x) * width + i] = (float)sum[i];
            }
        }
    }

    // [to, from]: how much each source place counts for each target place; rows sum to 1. Reducing widens the cubic by the scale.
    private static double[] Weights(int from, int to)
    {
        var weights = new double[to * from];
        double scale = (double)from / to, stretch = Math.Max(scale, 1);
        for (int target = 0; target < to; target++)
        {
            double center = (target + 0.5) * scale, total = 0;
            var row = weights.AsSpan(target * from, from);
            for (int place = 0; place < from; place++)
                total += row[place] = Cubic((place + 0.5 - center) / stretch);
            foreach (ref double weight in row)
                weight /= total;
        }

        return weights;
    }

    private static double Cubic(double x)
    {
        const double a = -0.5;
        x = Math.Abs(x);
        return x switch
        {
            < 1 => ((a + 2) * x - (a + 3)) * x * x + 1,
            < CubicSupport => ((x - 5) * x + 8) * x * a - 4 * a,
            _ => 0,
        };
    }

    private static void Add(double weight, ReadOnlySpan<float> source, Span<double> destination)
    {
        if (weight == 0)
            return;
        for (int i = 0; i < source.Length; i++)
            destination[i] += weight * source[i];
    }

    private static int Side(int places) => (int)Math.Round(Math.Sqrt(places));

    private static bool IsSquare(int places) => Side(places) * Side(places) == places;
}
