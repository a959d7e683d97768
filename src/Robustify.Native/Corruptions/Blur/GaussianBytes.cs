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
    private const int Block = 4 * Lanes;

    // Columns are walked in strips this wide, so that the rows under the kernel stay in the first-level cache.
    private const int Strip = 4 * Block;

    // Rows that pass from one filter to the other while they are in the second-level cache.
    private const int Band = 16;

    // Where more of a row has to be made again, the whole row in vectors is faster than its pixels one by one.
    private const int ShareOfRow = 24;

    /// <summary>
    /// Filters an interleaved image; source and destination may be one. Takes floats 0 to 2, bytes 0 and 1, integers 2 to 5 and doubles 0, 4
    /// and 5 of the scratch.
    /// </summary>
    public static void Apply(
        ReadOnlySpan<byte> from, Span<byte> to, int width, int height, int channels, GaussianKernel kernel, CorruptionScratch scratch)
    {
        int row = width * channels, radius = kernel.Radius, paddedRow = row + 2 * radius * channels;
        Span<byte> original = scratch.Bytes(0, from.Length), line = scratch.Bytes(1, row + Block);
        from.CopyTo(original);
        if (radius == 0)
        {
            original.CopyTo(to); // k / 255 * 255 truncates to k
            return;
        }

        // A row's last vectors look beyond its end; what they make of it is not used.
        Span<float> levels = scratch.Floats(0, from.Length + Block), columns = scratch.Floats(1, Band * row), padded = scratch.Floats(2, paddedRow + Block);
        Span<int> doubtful = scratch.Integers(4, row + Block);
        PixelLanes.ToLevels(original, levels);
        var exact = new Exact(original, width, height, channels, kernel, scratch);
        Span<int> offsets = scratch.Integers(3, 2 * radius + 1);
        for (int k = 0; k <= 2 * radius; k++)
            offsets[k] = k * channels;
        for (int band = 0; band < height; band += Band)
        {
            int end = Math.Min(band + Band, height);
            Columns(levels, columns, row, height, band, end, kernel, scratch);
            for (int y = band; y < end; y++)
            {
                Pad(columns.Slice((y - band) * row, row), padded, radius, width, channels);
                int count = Row(padded, line, row, offsets, kernel, doubtful);
                Span<byte> target = to.Slice(y * row, row);
                line[..row].CopyTo(target);
                exact.MakeAgain(y, doubtful[..count], many: count > row / ShareOfRow, target);
            }
        }
    }

    /// <summary>
    /// How far a sum of floats, in levels, can lie from the exact one. With u = 2^-24 the levels are exact, each weight is rounded once, the
    /// first product and every multiply-add once: (r + 2) u down the columns, and along the rows (r + 3) u more, with the pairs' sums. All terms
    /// are positive, so the bound holds relative to the sum, which is below 256. What the doubles round is less than the u that is added.
    /// </summary>
    private static float Tolerance(int radius) => (2 * radius + 6) * 256f / (1 << 24);

    private static void Columns(
        ReadOnlySpan<float> levels, Span<float> columns, int row, int height, int first, int end, GaussianKernel kernel, CorruptionScratch scratch)
    {
        int radius = kernel.Radius;
        Span<int> rows = scratch.Integers(2, end - first + 2 * radius);
        for (int i = 0; i < rows.Length; i++)
            rows[i] = row * Border.Nearest(first + i - radius, height);
        fixed (float* from = levels, to = columns, weights = kernel.Singles)
        {
            fixed (int* rowAt = rows)
            {
                for (int strip = 0; strip < row; strip += Strip)
                {
                    for (int y = first; y < end; y++)
                    {
                        float* own = to + (long)(y - first) * row;
                        for (int x = strip; x < Math.Min(strip + Strip, row); x += Block)
                        {
                            var (sum0, sum1, sum2, sum3) = Sum(from + x, rowAt + (y - first) + radius, weights, radius);
                            Store(own + x, Math.Min(Block, row - x), sum0, sum1, sum2, sum3);
                        }
                    }
                }
            }
        }
    }

    private static void Store(float* to, int count, Vector256<float> sum0, Vector256<float> sum1, Vector256<float> sum2, Vector256<float> sum3)
    {
        if (count == Block)
        {
            sum0.Store(to);
            sum1.Store(to + Lanes);
            sum2.Store(to + 2 * Lanes);
            sum3.Store(to + 3 * Lanes);
            return;
        }

        float* whole = stackalloc float[Block];
        Store(whole, Block, sum0, sum1, sum2, sum3);
        for (int i = 0; i < count; i++)
            to[i] = whole[i];
    }

    private static void Pad(ReadOnlySpan<float> from, Span<float> padded, int radius, int width, int channels)
    {
        from.CopyTo(padded[(radius * channels)..]);
        for (int k = 0; k < radius; k++)
        {
            from[..channels].CopyTo(padded[(k * channels)..]);
            from[^channels..].CopyTo(padded[((radius + width + k) * channels)..]);
        }
    }

    /// <summary>Writes the bytes of a row and returns how many of them are in doubt.</summary>
    private static int Row(ReadOnlySpan<float> padded, Span<byte> line, int row, ReadOnlySpan<int> offsets, GaussianKernel kernel, Span<int> doubtful)
    {
        int radius = kernel.Radius, count = 0;
        float tolerance = Tolerance(radius);
        fixed (float* from = padded, weights = kernel.Singles)
        {
            fixed (int* offset = offsets)
            {
                for (int x = 0; x < row; x += Block)
                {
                    var (sum0, sum1, sum2, sum3) = Sum(from + x, offset + radius, weights, radius);
                    uint mask = Doubt(sum0, tolerance) | Doubt(sum1, tolerance) << Lanes | Doubt(sum2, tolerance) << 2 * Lanes | Doubt(sum3, tolerance) << 3 * Lanes;
                    PixelLanes.Store(Vector256.ConvertToInt32(sum0), ref line[x]);
                    PixelLanes.Store(Vector256.ConvertToInt32(sum1), ref line[x + Lanes]);
                    PixelLanes.Store(Vector256.ConvertToInt32(sum2), ref line[x + 2 * Lanes]);
                    PixelLanes.Store(Vector256.ConvertToInt32(sum3), ref line[x + 3 * Lanes]);
                    for (; mask != 0; mask &= mask - 1)
                    {
                        int at = x + BitOperations.TrailingZeroCount(mask);
                        if (at < row)
                            doubtful[count++] = at;
                    }
                }
            }
        }

        return count;
    }

    // A bit for each lane that lies near a whole level. A sum of 0 is exact: all of its terms are 0.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static uint Doubt(Vector256<float> sum, float tolerance)
    {
        var fraction = sum - Vector256.Floor(sum);
        var above = Vector256.LessThan(fraction, Vector256.Create(tolerance)) & Vector256.GreaterThan(sum, Vector256<float>.Zero);
        return (above | Vector256.GreaterThan(fraction, Vector256.Create(1 - tolerance))).ExtractMostSignificantBits();
    }

    /// <summary>sum over k of weights[|k|] from[offsets[k]], for k = -radius..radius and 32 places.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static (Vector256<float> Sum0, Vector256<float> Sum1, Vector256<float> Sum2, Vector256<float> Sum3) Sum(
        float* from, int* offsets, float* weights, int radius)
    {
        float* middle = from + *offsets;
        var weight = Vector256.Create(weights[0]);
        var sum0 = Vector256.Load(middle) * weight;
        var sum1 = Vector256.Load(middle + Lanes) * weight;
        var sum2 = Vector256.Load(middle + 2 * Lanes) * weight;
        var sum3 = Vector256.Load(middle + 3 * Lanes) * weight;
        for (int k = radius; k > 0; k--)
        {
            float* a = from + offsets[-k];
            float* b = from + offsets[k];
            weight = Vector256.Create(weights[k]);
            sum0 = Vector256.FusedMultiplyAdd(Vector256.Load(a) + Vector256.Load(b), weight, sum0);
            sum1 = Vector256.FusedMultiplyAdd(Vector256.Load(a + Lanes) + Vector256.Load(b + Lanes), weight, sum1);
            sum2 = Vector256.FusedMultiplyAdd(Vector256.Load(a + 2 * Lanes) + Vector256.Load(b + 2 * Lanes), weight, sum2);
            sum3 = Vector256.FusedMultiplyAdd(Vector256.Load(a + 3 * Lanes) + Vector256.Load(b + 3 * Lanes), weight, sum3);
        }

        return (sum0, sum1, sum2, sum3);
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
