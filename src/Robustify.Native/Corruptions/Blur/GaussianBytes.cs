using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Robustify.Native.Corruptions.Pixels;

namespace Robustify.Native.Corruptions.Blur;

/// <summary>
/// SciPy's <c>gaussian_filter</c> of bytes as x / 255 in double precision, edges repeated, truncated back to bytes, at the cost of single
/// precision: all is summed in floats first, and where a sum lies so near to a whole level that its rounding could decide the byte, it is
/// made again in doubles, operation by operation as <see cref="GaussianFilter"/> does. Every byte is the one of that filter.
/// </summary>
internal static unsafe class GaussianBytes
{
    private const int Lanes = 8;
    private const int Block = TruncatedLevels.Block;

    // Rows whose columns are summed together, in strips of this many elements: what the kernel sees then stays in the first-level cache.
    private const int Band = 8;
    private const int Strip = 2 * Block;

    // Where more of a row has to be made again, the whole row in vectors is faster than its pixels one by one.
    private const int ShareOfRow = 24;

    // So few of a block are not worth the look whether all around is flat.
    private const int FewLanes = 2;

    /// <summary>
    /// Filters an interleaved image; source and destination may be one. Takes floats 0 and 1, bytes 0 and 1, integers 2, 4 and 5 and doubles 0,
    /// 4 and 5 of the scratch.
    /// </summary>
    public static void Apply(
        ReadOnlySpan<byte> from, Span<byte> to, int width, int height, int channels, GaussianKernel kernel, CorruptionScratch scratch)
    {
        if (kernel.Radius == 0)
        {
            from.CopyTo(to); // k / 255 * 255 truncates to k
            return;
        }

        if (from.Overlaps(to))
        {
            Span<byte> copy = scratch.Bytes(0, from.Length);
            from.CopyTo(copy);
            from = copy;
        }

        int row = width * channels, stride = (row + Block - 1) & -Block, margin = kernel.Radius * channels;
        Span<float> levels = scratch.Floats(0, stride * height);
        for (int y = 0; y < height; y++)
            PixelLanes.ToLevels(from.Slice(y * row, row), levels[(y * stride)..]);

        // A row's last vectors look beyond its end; what they make of it is not used.
        int padded = stride + 2 * margin;
        Span<float> columns = scratch.Floats(1, Band * padded);
        Span<byte> line = scratch.Bytes(1, stride);
        Span<int> doubtful = scratch.Integers(4, row);
        var exact = new Exact(from, width, height, channels, kernel, scratch);
        for (int y = 0; y < height; y++)
        {
            Span<float> one = columns.Slice(y % Band * padded, padded);
            if (y % Band == 0)
                Columns(levels, columns[margin..], stride, padded, height, y, kernel, scratch);
            Pad(one, kernel.Radius, width, channels);
            int count = Row(one, line, channels, kernel, from, y, row, doubtful);
            Span<byte> target = to.Slice(y * row, row);
            line[..row].CopyTo(target);
            exact.MakeAgain(y, doubtful[..count], many: count > row / ShareOfRow, target);
        }
    }

    /// <summary>
    /// How far a sum of floats can lie from the exact one, relative to it, as all terms are positive. With u = 2^-24 the levels are exact,
    /// each weight is rounded once, and so is every multiply-add: (r + 2) u down the columns, and along the rows (r + 3) u more, with the
    /// pairs' sums. What the doubles round and what the comparison rounds is less than the two u that are added.
    /// </summary>
    private static float Tolerance(int radius) => (2 * radius + 7) * (1f / (1 << 24));

    private static void Columns(
        ReadOnlySpan<float> levels, Span<float> columns, int stride, int padded, int height, int y, GaussianKernel kernel, CorruptionScratch scratch)
    {
        int radius = kernel.Radius;
        Span<int> rows = scratch.Integers(2, Band + 2 * radius);
        for (int i = 0; i < rows.Length; i++)
            rows[i] = stride * Border.Nearest(y + i - radius, height);
        fixed (float* from = levels, to = columns, weights = kernel.Singles)
        fixed (int* rowAt = rows)
        {
            for (int strip = 0; strip < stride; strip += Strip)
            {
                for (int i = 0; i < Math.Min(Band, height - y); i += 2)
                {
                    for (int x = strip; x < Math.Min(strip + Strip, stride); x += Block)
                        TwoRows(from + x, rowAt + i, to + i * padded + x, to + (i + 1) * padded + x, weights, radius);
                }
            }
        }
    }

    // Of the four rows that a step needs, two are those of the step before.
    private static void TwoRows(float* from, int* rowAt, float* upper, float* lower, float* weights, int radius)
    {
        float* above = from + rowAt[0], below = from + rowAt[2 * radius + 1];
        var (a0, a1, a2, a3) = (Vector256.Load(above), Vector256.Load(above + Lanes), Vector256.Load(above + 2 * Lanes), Vector256.Load(above + 3 * Lanes));
        var (b0, b1, b2, b3) = (Vector256.Load(below), Vector256.Load(below + Lanes), Vector256.Load(below + 2 * Lanes), Vector256.Load(below + 3 * Lanes));
        Vector256<float> sum0, sum1, sum2, sum3, low0, low1, low2, low3;
        sum0 = sum1 = sum2 = sum3 = low0 = low1 = low2 = low3 = Vector256<float>.Zero;
        Vector256<float> weight;
        for (int k = radius; k > 0; k--)
        {
            weight = Vector256.Create(weights[k]);
            below = from + rowAt[radius + k];
            var next = Vector256.Load(below);
            above = from + rowAt[radius + 1 - k];
            sum0 = Vector256.FusedMultiplyAdd(a0 + next, weight, sum0);
            a0 = Vector256.Load(above);
            (low0, b0) = (Vector256.FusedMultiplyAdd(a0 + b0, weight, low0), next);
            next = Vector256.Load(below + Lanes);
            sum1 = Vector256.FusedMultiplyAdd(a1 + next, weight, sum1);
            a1 = Vector256.Load(above + Lanes);
            (low1, b1) = (Vector256.FusedMultiplyAdd(a1 + b1, weight, low1), next);
            next = Vector256.Load(below + 2 * Lanes);
            sum2 = Vector256.FusedMultiplyAdd(a2 + next, weight, sum2);
            a2 = Vector256.Load(above + 2 * Lanes);
            (low2, b2) = (Vector256.FusedMultiplyAdd(a2 + b2, weight, low2), next);
            next = Vector256.Load(below + 3 * Lanes);
            sum3 = Vector256.FusedMultiplyAdd(a3 + next, weight, sum3);
            a3 = Vector256.Load(above + 3 * Lanes);
            (low3, b3) = (Vector256.FusedMultiplyAdd(a3 + b3, weight, low3), next);
        }

        // What the last step has left are the middle rows.
        weight = Vector256.Create(weights[0]);
        Vector256.FusedMultiplyAdd(a0, weight, sum0).Store(upper);
        Vector256.FusedMultiplyAdd(a1, weight, sum1).Store(upper + Lanes);
        Vector256.FusedMultiplyAdd(a2, weight, sum2).Store(upper + 2 * Lanes);
        Vector256.FusedMultiplyAdd(a3, weight, sum3).Store(upper + 3 * Lanes);
        Vector256.FusedMultiplyAdd(b0, weight, low0).Store(lower);
        Vector256.FusedMultiplyAdd(b1, weight, low1).Store(lower + Lanes);
        Vector256.FusedMultiplyAdd(b2, weight, low2).Store(lower + 2 * Lanes);
        Vector256.FusedMultiplyAdd(b3, weight, low3).Store(lower + 3 * Lanes);
    }

    private static void Pad(Span<float> padded, int radius, int width, int channels)
    {
        Span<float> inner = padded[(radius * channels)..];
        for (int k = 0; k < radius; k++)
        {
            inner[..channels].CopyTo(padded[(k * channels)..]);
            inner.Slice((width - 1) * channels, channels).CopyTo(inner[((width + k) * channels)..]);
        }
    }

    /// <summary>Writes the bytes of a row and returns how many of them are in doubt.</summary>
    private static int Row(
        ReadOnlySpan<float> padded, Span<byte> line, int channels, GaussianKernel kernel, ReadOnlySpan<byte> pixels, int y, int row, Span<int> doubtful)
    {
        int radius = kernel.Radius, count = 0;
        float tolerance = Tolerance(radius);
        fixed (float* from = padded, weights = kernel.Singles)
        {
            for (int x = 0; x < row; x += Block)
            {
                float* a = from + x, b = a + 2 * radius * channels;
                Vector256<float> sum0, sum1, sum2, sum3, weight;
                sum0 = sum1 = sum2 = sum3 = Vector256<float>.Zero;
                for (int k = radius; k > 0; k--, a += channels, b -= channels)
                {
                    weight = Vector256.Create(weights[k]);
                    sum0 = Vector256.FusedMultiplyAdd(Vector256.Load(a) + Vector256.Load(b), weight, sum0);
                    sum1 = Vector256.FusedMultiplyAdd(Vector256.Load(a + Lanes) + Vector256.Load(b + Lanes), weight, sum1);
                    sum2 = Vector256.FusedMultiplyAdd(Vector256.Load(a + 2 * Lanes) + Vector256.Load(b + 2 * Lanes), weight, sum2);
                    sum3 = Vector256.FusedMultiplyAdd(Vector256.Load(a + 3 * Lanes) + Vector256.Load(b + 3 * Lanes), weight, sum3);
                }

                weight = Vector256.Create(weights[0]);
                sum0 = Vector256.FusedMultiplyAdd(Vector256.Load(a), weight, sum0);
                sum1 = Vector256.FusedMultiplyAdd(Vector256.Load(a + Lanes), weight, sum1);
                sum2 = Vector256.FusedMultiplyAdd(Vector256.Load(a + 2 * Lanes), weight, sum2);
                sum3 = Vector256.FusedMultiplyAdd(Vector256.Load(a + 3 * Lanes), weight, sum3);
                uint doubt = TruncatedLevels.Store(sum0, sum1, sum2, sum3, tolerance, 0, ref line[x]);
                int end = Math.Min(x + Block, row);
                doubt &= uint.MaxValue >> (x + Block - end);
                if (BitOperations.PopCount(doubt) > FewLanes && FlatWindow.Is(pixels, row, channels, y, x, end, radius))
                {
                    for (int i = x; i < end; i++)
                        line[i] = kernel.FlatBytes[pixels[y * row + i]];
                    continue;
                }

                for (; doubt != 0; doubt &= doubt - 1)
                    doubtful[count++] = x + BitOperations.TrailingZeroCount(doubt);
            }
        }

        return count;
    }

    /// <summary>Bytes in double precision, as SciPy rounds them.</summary>
    private ref struct Exact(ReadOnlySpan<byte> levels, int width, int height, int channels, GaussianKernel kernel, CorruptionScratch scratch)
    {
        private readonly ReadOnlySpan<byte> levels = levels;
        private Span<double> values;

        /// <summary>Replaces the bytes of row <paramref name="y"/> at the given places, or all of them.</summary>
        public void MakeAgain(int y, ReadOnlySpan<int> places, bool many, Span<byte> line)
        {
            if (many)
            {
                Whole(y, line);
                return;
            }

            if (places.IsEmpty)
                return;
            int radius = kernel.Radius, row = width * channels;
            Span<int> rows = scratch.Integers(2, 2 * radius + 1);
            for (int k = -radius; k <= radius; k++)
                rows[k + radius] = row * Border.Nearest(y + k, height);
            foreach (int place in places)
                line[place] = Pixel(place, rows);
        }

        private void Whole(int y, Span<byte> line)
        {
            int row = line.Length;
            if (values.IsEmpty)
                UnitRange.FromBytes(levels, values = scratch.Doubles(0, levels.Length + 2 * row)[..levels.Length]);
            Span<double> sums = scratch.Doubles(0, levels.Length + 2 * row)[levels.Length..];
            GaussianFilter.Columns(values, sums[..row], row, height, y, y + 1, kernel.Weights, mirrored: false, scratch);
            GaussianFilter.Row(sums[..row], sums[row..], width, channels, kernel.Weights, mirrored: false, scratch);
            UnitRange.ToBytes(sums[row..], line);
        }

        private readonly byte Pixel(int place, ReadOnlySpan<int> rows)
        {
            int radius = kernel.Radius, x = place / channels, channel = place % channels;
            fixed (byte* level = levels)
            {
                fixed (double* unit = UnitRange.Levels, weights = kernel.Weights)
                {
                    fixed (int* rowAt = rows)
                    {
                        double sum = Column(level + place, unit, rowAt + radius, weights, radius) * weights[0];
                        for (int k = radius; k > 0; k--)
                        {
                            double left = Column(level + Border.Nearest(x - k, width) * channels + channel, unit, rowAt + radius, weights, radius);
                            double right = Column(level + Border.Nearest(x + k, width) * channels + channel, unit, rowAt + radius, weights, radius);
                            sum += (left + right) * weights[k];
                        }

                        return UnitRange.ToByte(sum);
                    }
                }
            }
        }

        private static double Column(byte* level, double* unit, int* rowAt, double* weights, int radius)
        {
            double sum = unit[level[*rowAt]] * weights[0];
            for (int k = radius; k > 0; k--)
                sum += (unit[level[rowAt[-k]]] + unit[level[rowAt[k]]]) * weights[k];
            return sum;
        }
    }
}
