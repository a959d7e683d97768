using System.Runtime.Intrinsics;

namespace Robustify.Native.Corruptions.Blur;

/// <summary>
/// The reference's <c>clipped_zoom</c>: the middle 1/z of each side is enlarged to the whole by linear interpolation between pixel centres
/// (first on first, last on last), and cut to the image's size. Each axis has its own crop.
/// </summary>
internal static unsafe class ClippedZoom
{
    /// <summary>Zooms an interleaved image by a factor of at least 1; takes floats 5 and integers 1 to 4 of the scratch.</summary>
    /// <param name="values">The image, followed by at least 4 elements that may hold anything finite.</param>
    /// <param name="width">Columns.</param>
    /// <param name="height">Rows.</param>
    /// <param name="channels">1 or 3.</param>
    /// <param name="factor">Enlargement.</param>
    /// <param name="zoomed">As long as <paramref name="values"/> with the same 4 spare elements; other memory.</param>
    /// <param name="accumulate">Adds to what is there instead of replacing it.</param>
    /// <param name="scratch">The worker's buffers.</param>
    public static void Apply(
        ReadOnlySpan<float> values, int width, int height, int channels, double factor, Span<float> zoomed, bool accumulate,
        CorruptionScratch scratch)
    {
        int row = width * channels;
        Span<int> columns = scratch.Integers(1, width), rows = scratch.Integers(2, height);
        Span<float> columnFractions = scratch.Floats(2, width), rowFractions = scratch.Floats(3, height);
        Span<float> lines = scratch.Floats(5, 2 * (row + 8));
        Locate(width, factor, columns, columnFractions);
        Locate(height, factor, rows, rowFractions);
        int firstColumn = columns[0], usedColumns = Math.Min(columns[^1] + 2, width) - firstColumn;
        fixed (float* from = values, to = zoomed, line = lines, fractions = columnFractions)
        {
            fixed (int* column = columns)
            {
                float* stretched = line + row + 8;
                for (int y = 0; y < height; y++)
                {
                    float* upper = from + (long)rows[y] * row, lower = rows[y] + 1 < height ? upper + row : upper;
                    int first = firstColumn * channels;
                    Blend(upper + first, lower + first, rowFractions[y], line + first, usedColumns * channels);
                    for (int channel = 0; channel < channels && columns[^1] + 2 > width; channel++)
                        line[row + channel] = line[row - channels + channel]; // a neighbour for the last column, of weight 0
                    float* target = to + (long)y * row;
                    float* written = accumulate ? stretched : target;
                    if (channels == 3)
                        StretchRgb(line, column, fractions, written, width);
                    else
                        StretchGrey(line, column, fractions, written, width);
                    if (accumulate)
                        Add(stretched, target, row);
                }
            }
        }
    }

    /// <summary>Source position of each output position: its whole part and its fraction.</summary>
    public static void Locate(int size, double factor, Span<int> whole, Span<float> fraction)
    {
        int crop = (int)Math.Ceiling(size / factor), first = (size - crop) / 2;
        int enlarged = (int)Math.Round(crop * factor, MidpointRounding.ToEven), trim = (enlarged - size) / 2;
        double step = enlarged > 1 ? (double)(crop - 1) / (enlarged - 1) : 0;
        for (int i = 0; i < size; i++)
        {
            double at = Math.Min((i + trim) * step, crop - 1);
            whole[i] = (int)at;
            fraction[i] = (float)(at - whole[i]);
            whole[i] += first;
        }
    }

    private static void Blend(float* upper, float* lower, float fraction, float* line, int length)
    {
        int x = 0;
        var f = Vector256.Create(fraction);
        for (; x <= length - 8; x += 8)
        {
            var a = Vector256.Load(upper + x);
            Vector256.FusedMultiplyAdd(Vector256.Load(lower + x) - a, f, a).Store(line + x);
        }

        for (; x < length; x++)
            line[x] = MathF.FusedMultiplyAdd(lower[x] - upper[x], fraction, upper[x]);
    }

    // Four lanes a pixel; the fourth belongs to the next pixel, which is written after it.
    private static void StretchRgb(float* line, int* column, float* fractions, float* to, int width)
    {
        for (int x = 0; x < width; x++)
        {
            float* from = line + column[x] * 3;
            var a = Vector128.Load(from);
            Vector128.FusedMultiplyAdd(Vector128.Load(from + 3) - a, Vector128.Create(fractions[x]), a).Store(to + x * 3);
        }
    }

    private static void StretchGrey(float* line, int* column, float* fractions, float* to, int width)
    {
        for (int x = 0; x < width; x++)
        {
            float* from = line + column[x];
            to[x] = MathF.FusedMultiplyAdd(from[1] - from[0], fractions[x], from[0]);
        }
    }

    private static void Add(float* from, float* to, int length)
    {
        int x = 0;
        for (; x <= length - 8; x += 8)
            (Vector256.Load(to + x) + Vector256.Load(from + x)).Store(to + x);
        for (; x < length; x++)
            to[x] += from[x];
    }
}
