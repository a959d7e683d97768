using Robustify.Kernels;

namespace Robustify.Native.Data.Images;

/// <summary>
/// Resizes 8-bit images bit for bit as Pillow does: antialiased filters in 22-bit fixed point, a horizontal pass, then a vertical one, each
/// rounded and clamped to 8 bits. One instance a worker: it keeps its weight tables and its intermediate image, so repeated sizes allocate
/// nothing. Not safe for two threads at once.
/// </summary>
public sealed class Resampler
{
    // Data sets of unlike sizes would otherwise grow the cache without bound.
    private const int MaxCachedTables = 64;

    private readonly Dictionary<(int Source, int Target, ResampleFilter Filter), ResampleWeights> tables = [];
    private readonly Image8 intermediate = new(1, 1, 1);
    private int[] sums = [];

    /// <summary>Resizes <paramref name="source"/> to <paramref name="width"/> x <paramref name="height"/> pixels.</summary>
    /// <param name="source">Grey or RGB.</param>
    /// <param name="destination">Another image; takes the result.</param>
    /// <param name="width">Columns, 1..<see cref="Image8.MaxSide"/>.</param>
    /// <param name="height">Rows, 1..<see cref="Image8.MaxSide"/>.</param>
    /// <param name="filter">How source pixels are weighed.</param>
    /// <exception cref="RobustifyException">A size out of range, or source and destination are one image.</exception>
    public void Resize(Image8 source, Image8 destination, int width, int height, ResampleFilter filter)
    {
        if (ReferenceEquals(source, destination))
            throw new RobustifyException("resampling: source and destination are the same image; pass two");
        destination.Reshape(width, height, source.Channels);
        bool horizontal = width != source.Width, vertical = height != source.Height;
        if (!horizontal && !vertical)
            destination.CopyFrom(source);
        else if (filter == ResampleFilter.Nearest)
            ResizeNearest(source, destination);
        else if (!vertical)
            ResampleRows(source, destination, Table(source.Width, width, filter));
        else if (!horizontal)
            ResampleColumns(source, destination, Table(source.Height, height, filter));
        else
        {
            intermediate.Reshape(width, source.Height, source.Channels);
            ResampleRows(source, intermediate, Table(source.Width, width, filter));
            ResampleColumns(intermediate, destination, Table(source.Height, height, filter));
        }
    }

    /// <summary>
    /// Resizes so that the shorter side becomes <paramref name="size"/> and the longer one trunc(size * longer / shorter), as torchvision's
    /// <c>Resize(size)</c>.
    /// </summary>
    /// <param name="source">Grey or RGB.</param>
    /// <param name="destination">Another image; takes the result.</param>
    /// <param name="size">Pixels of the shorter side.</param>
    /// <param name="filter">How source pixels are weighed.</param>
    /// <exception cref="RobustifyException">The longer side would pass <see cref="Image8.MaxSide"/>, or a bad size.</exception>
    public void ResizeShorterSide(Image8 source, Image8 destination, int size, ResampleFilter filter)
    {
        int shorter = Math.Min(source.Width, source.Height), longer = Math.Max(source.Width, source.Height);
        int scaled = (int)Math.Min((double)((long)size * longer) / shorter, int.MaxValue);
        if (source.Width <= source.Height)
            Resize(source, destination, size, scaled, filter);
        else
            Resize(source, destination, scaled, size, filter);
    }

    internal ResampleWeights Table(int source, int target, ResampleFilter filter)
    {
        if (tables.TryGetValue((source, target, filter), out var table))
            return table;
        if (tables.Count == MaxCachedTables)
            tables.Clear();
        return tables[(source, target, filter)] = new ResampleWeights(source, target, filter);
    }

    private static void ResampleRows(Image8 source, Image8 destination, ResampleWeights table)
    {
        int sourceRow = source.Width * source.Channels, targetRow = destination.Width * destination.Channels;
        for (int y = 0; y < source.Height; y++)
        {
            ReadOnlySpan<byte> from = source.Pixels.Slice(y * sourceRow, sourceRow);
            Span<byte> to = destination.Pixels.Slice(y * targetRow, targetRow);
            if (source.Channels == 3)
                ResampleRgbRow(from, to, table);
            else
                ResampleGreyRow(from, to, table);
        }
    }

    private static void ResampleGreyRow(ReadOnlySpan<byte> from, Span<byte> to, ResampleWeights table)
    {
        for (int x = 0; x < to.Length; x++)
        {
            ReadOnlySpan<int> weights = table.Weights.AsSpan(x * table.Stride, table.Count[x]);
            ReadOnlySpan<byte> pixels = from.Slice(table.First[x], weights.Length);
            int sum = ResampleArithmetic.Half;
            for (int k = 0; k < pixels.Length; k++)
                sum += pixels[k] * weights[k];
            to[x] = ResampleArithmetic.ToByte(sum);
        }
    }

    private static void ResampleRgbRow(ReadOnlySpan<byte> from, Span<byte> to, ResampleWeights table)
    {
        for (int x = 0; x < table.First.Length; x++)
        {
            if (table.IsCopy(x))
            {
                from.Slice(table.First[x] * 3, 3).CopyTo(to[(x * 3)..]);
                continue;
            }

            ReadOnlySpan<int> weights = table.Weights.AsSpan(x * table.Stride, table.Count[x]);
            int first = table.First[x] * 3;
            if (first + weights.Length * 3 < from.Length && x < table.First.Length - 1)
            {
                ResampleArithmetic.WeighPixels(from[first..], weights, to[(x * 3)..]);
                continue;
            }

            ReadOnlySpan<byte> pixels = from.Slice(table.First[x] * 3, weights.Length * 3);
            int red = ResampleArithmetic.Half, green = red, blue = red;
            for (int k = 0, at = 0; k < weights.Length; k++, at += 3)
            {
                int weight = weights[k];
                red += pixels[at] * weight;
                green += pixels[at + 1] * weight;
                blue += pixels[at + 2] * weight;
            }

            to[x * 3] = ResampleArithmetic.ToByte(red);
            to[x * 3 + 1] = ResampleArithmetic.ToByte(green);
            to[x * 3 + 2] = ResampleArithmetic.ToByte(blue);
        }
    }

    private void ResampleColumns(Image8 source, Image8 destination, ResampleWeights table)
    {
        int row = source.Width * source.Channels;
        if (sums.Length < row)
            sums = new int[row];
        Span<int> sum = sums.AsSpan(0, row);
        for (int y = 0; y < destination.Height; y++)
        {
            Span<byte> to = destination.Pixels.Slice(y * row, row);
            if (table.IsCopy(y))
            {
                source.Pixels.Slice(table.First[y] * row, row).CopyTo(to);
                continue;
            }

            sum.Fill(ResampleArithmetic.Half);
            for (int k = 0; k < table.Count[y]; k++)
                ResampleArithmetic.AddScaled(source.Pixels.Slice((table.First[y] + k) * row, row), table.Weights[y * table.Stride + k], sum);
            ResampleArithmetic.ToBytes(sum, to);
        }
    }

    // Pillow walks the source coordinate by repeated addition; its rounding decides some pixels, so the walk is repeated here.
    private static void ResizeNearest(Image8 source, Image8 destination)
    {
        int channels = source.Channels, sourceRow = source.Width * channels, targetRow = destination.Width * channels;
        double stepX = (double)source.Width / destination.Width, stepY = (double)source.Height / destination.Height;
        double fromY = stepY * 0.5;
        for (int y = 0; y < destination.Height; y++, fromY += stepY)
        {
            ReadOnlySpan<byte> from = source.Pixels.Slice(Math.Min((int)fromY, source.Height - 1) * sourceRow, sourceRow);
            Span<byte> to = destination.Pixels.Slice(y * targetRow, targetRow);
            double fromX = stepX * 0.5;
            for (int x = 0; x < destination.Width; x++, fromX += stepX)
                from.Slice(Math.Min((int)fromX, source.Width - 1) * channels, channels).CopyTo(to[(x * channels)..]);
        }
    }
}
