using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Robustify.Native.Corruptions.Pixels;

namespace Robustify.Native.Corruptions.Blur;

/// <summary>
/// An image under a <see cref="SeparableDisk"/>, row by row from the top: the disk's sums of the rows that the blur sees, which are whole
/// numbers and exact, and the blur in single precision.
/// </summary>
internal readonly unsafe ref struct DiskSums
{
    private const int Half = 16;

    private readonly SeparableDisk disk;
    private readonly byte* origin;
    private readonly int paddedRow;
    private readonly int row;
    private readonly int channels;
    private readonly int length; // of a row of sums, with the blur's margin on both sides
    private readonly Span<float> sums; // as many rows as the blur sees, taken in turn
    private readonly Span<float> blurred;
    private readonly Span<int> entering; // the disk's lower edge
    private readonly Span<int> leaving; // what lay in the disk one row above, at its upper edge
    private readonly Span<ushort> pairs; // for corrections: sums of the pixels as far above as below, a row for each distance that has some
    private readonly Span<int> corrections; // where in these
    private readonly Span<float> corrected;

    /// <summary>Takes floats 0 to 2, shorts 1 and integers 1 to 3 of the scratch.</summary>
    /// <param name="disk">The kernel.</param>
    /// <param name="origin">The first pixel of an image with <see cref="SeparableDisk.Reach"/> pixels and 32 elements more around it.</param>
    /// <param name="paddedRow">Elements from row to row.</param>
    /// <param name="row">Elements of a row of the image.</param>
    /// <param name="channels">Elements a pixel.</param>
    /// <param name="scratch">The worker's buffers.</param>
    public DiskSums(SeparableDisk disk, byte* origin, int paddedRow, int row, int channels, CorruptionScratch scratch)
    {
        this.origin = origin;
        (this.disk, this.paddedRow, this.row, this.channels) = (disk, paddedRow, row, channels);
        length = (row + 2 * Margin + TruncatedLevels.Block - 1) & -TruncatedLevels.Block;
        sums = scratch.Floats(0, Kept * length);
        blurred = scratch.Floats(1, length + TruncatedLevels.Block);
        entering = scratch.Integers(1, disk.Heights.Length);
        leaving = scratch.Integers(2, disk.Heights.Length);
        for (int i = 0; i < disk.Heights.Length; i++)
        {
            int x = (i - disk.Radius) * channels;
            entering[i] = x + disk.Heights[i] * paddedRow;
            leaving[i] = x - (disk.Heights[i] + 1) * paddedRow;
        }

        pairs = scratch.Shorts(paddedRow * disk.PairRows.Length);
        corrected = scratch.Floats(2, length);
        corrections = scratch.Integers(3, disk.CorrectionTaps);
        int next = 0;
        foreach (var correction in disk.Corrections)
        {
            foreach (var (x, y) in correction.Offsets)
                corrections[next++] = Array.IndexOf(disk.PairRows, y) * paddedRow + (x + disk.Reach) * channels;
        }
    }

    private int Margin => disk.BlurReach * channels;

    private int Kept => 2 * disk.BlurReach + 1;

    /// <summary>Goes to row <paramref name="y"/> of the image, after the one above.</summary>
    public void Advance(int y)
    {
        int reach = disk.BlurReach;
        if (y == 0)
        {
            WholeSums(-reach);
            for (int below = 1 - reach; below < reach; below++)
                NextSums(below);
        }

        NextSums(y + reach);
        SumPairs(y);
        Correct();
        fixed (float* to = blurred, from = sums, weights = disk.Down)
        {
            float** rows = stackalloc float*[Kept];
            for (int k = -reach; k <= reach; k++)
                rows[k + reach] = from + Slot(y + k) * length;
            for (int x = 0; x < length; x += Half)
            {
                var weight = Vector256.Create(weights[0]);
                var (first, second) = (Vector256.Load(rows[reach] + x) * weight, Vector256.Load(rows[reach] + x + 8) * weight);
                for (int k = 1; k <= reach; k++)
                {
                    float* above = rows[reach - k] + x, below = rows[reach + k] + x;
                    weight = Vector256.Create(weights[k]);
                    first = Vector256.FusedMultiplyAdd(Vector256.Load(above) + Vector256.Load(below), weight, first);
                    second = Vector256.FusedMultiplyAdd(Vector256.Load(above + 8) + Vector256.Load(below + 8), weight, second);
                }

                first.Store(to + x);
                second.Store(to + x + 8);
            }
        }
    }

    /// <summary>Writes 32 bytes from element <paramref name="x"/> of the row; returns a bit for each that is in doubt, those behind the row excepted.</summary>
    public uint Levels(int x, Span<byte> line)
    {
        fixed (float* from = blurred, weights = disk.Along)
        {
            float* middle = from + Margin + x;
            var weight = Vector256.Create(weights[0]);
            var sum0 = Vector256.Load(middle) * weight;
            var sum1 = Vector256.Load(middle + 8) * weight;
            var sum2 = Vector256.Load(middle + 16) * weight;
            var sum3 = Vector256.Load(middle + 24) * weight;
            for (int k = 1; k <= disk.BlurReach; k++)
            {
                float* left = middle - k * channels, right = middle + k * channels;
                weight = Vector256.Create(weights[k]);
                sum0 = Vector256.FusedMultiplyAdd(Vector256.Load(left) + Vector256.Load(right), weight, sum0);
                sum1 = Vector256.FusedMultiplyAdd(Vector256.Load(left + 8) + Vector256.Load(right + 8), weight, sum1);
                sum2 = Vector256.FusedMultiplyAdd(Vector256.Load(left + 16) + Vector256.Load(right + 16), weight, sum2);
                sum3 = Vector256.FusedMultiplyAdd(Vector256.Load(left + 24) + Vector256.Load(right + 24), weight, sum3);
            }

            if (disk.Corrections.Length > 0)
            {
                fixed (float* correction = corrected)
                {
                    sum0 += Vector256.Load(correction + x);
                    sum1 += Vector256.Load(correction + x + 8);
                    sum2 += Vector256.Load(correction + x + 16);
                    sum3 += Vector256.Load(correction + x + 24);
                }
            }

            uint doubt = TruncatedLevels.Store(sum0, sum1, sum2, sum3, 0, disk.Tolerance, ref line[x]);
            return row - x >= TruncatedLevels.Block ? doubt : doubt & ((1u << (row - x)) - 1);
        }
    }

    private int Slot(int y) => (y + disk.BlurReach) % Kept;

    private Span<float> Row(int y) => sums.Slice(Slot(y) * length, length);

    private void WholeSums(int y)
    {
        byte* from = origin + (long)y * paddedRow - Margin;
        fixed (float* to = Row(y))
        {
            for (int x = 0; x < row + 2 * Margin; x += Half)
            {
                var (first, second) = (Vector256<float>.Zero, Vector256<float>.Zero);
                for (int i = 0; i < disk.Heights.Length; i++)
                {
                    var column = Vector256<ushort>.Zero;
                    for (int down = -disk.Heights[i]; down <= disk.Heights[i]; down++)
                        column += PixelLanes.LoadWords(from + x + (i - disk.Radius) * channels + down * paddedRow);
                    var (low, high) = ToSingle(column);
                    (first, second) = (first + low, second + high);
                }

                first.Store(to + x);
                second.Store(to + x + 8);
            }
        }
    }

    // What enters at the lower edge less what leaves at the upper one fits in 16 bits.
    private void NextSums(int y)
    {
        byte* from = origin + (long)y * paddedRow - Margin;
        int count = disk.Heights.Length;
        fixed (float* before = Row(y - 1), to = Row(y))
        {
            fixed (int* enter = entering, leave = leaving)
            {
                for (int x = 0; x < row + 2 * Margin; x += TruncatedLevels.Block)
                {
                    var (gained, alsoGained) = Pixels(from + x, enter, count);
                    var (lost, alsoLost) = Pixels(from + x, leave, count);
                    Add(before + x, to + x, gained - lost);
                    Add(before + x + Half, to + x + Half, alsoGained - alsoLost);
                }
            }
        }
    }

    private void SumPairs(int y)
    {
        byte* middle = origin + (long)y * paddedRow - disk.Reach * channels;
        fixed (ushort* pair = pairs)
        {
            for (int i = 0; i < disk.PairRows.Length; i++)
            {
                int away = disk.PairRows[i] * paddedRow;
                ushort* to = pair + i * paddedRow;
                for (int x = 0; x <= paddedRow - Half; x += Half)
                {
                    var above = PixelLanes.LoadWords(middle - away + x);
                    (away == 0 ? above : above + PixelLanes.LoadWords(middle + away + x)).Store(to + x);
                }
            }
        }
    }

    private void Correct()
    {
        corrected.Clear();
        fixed (float* to = corrected)
        fixed (ushort* from = pairs)
        fixed (int* offsets = corrections)
        {
            int* offset = offsets;
            foreach (var correction in disk.Corrections)
            {
                int count = correction.Offsets.Length;
                var weight = Vector256.Create(correction.Weight);
                for (int x = 0; x < row; x += TruncatedLevels.Block)
                {
                    var (first, second) = Pairs(from + x, offset, count);
                    var (low, high) = ToSingle(first);
                    Vector256.FusedMultiplyAdd(low, weight, Vector256.Load(to + x)).Store(to + x);
                    Vector256.FusedMultiplyAdd(high, weight, Vector256.Load(to + x + 8)).Store(to + x + 8);
                    (low, high) = ToSingle(second);
                    Vector256.FusedMultiplyAdd(low, weight, Vector256.Load(to + x + 16)).Store(to + x + 16);
                    Vector256.FusedMultiplyAdd(high, weight, Vector256.Load(to + x + 24)).Store(to + x + 24);
                }

                offset += count;
            }
        }
    }

    private static void Add(float* before, float* to, Vector256<ushort> change)
    {
        var (low, high) = ToSingle(change);
        (Vector256.Load(before) + low).Store(to);
        (Vector256.Load(before + 8) + high).Store(to + 8);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static (Vector256<float> Low, Vector256<float> High) ToSingle(Vector256<ushort> values)
    {
        var (low, high) = Vector256.Widen(values.AsInt16());
        return (Vector256.ConvertToSingle(low), Vector256.ConvertToSingle(high));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static (Vector256<ushort> First, Vector256<ushort> Second) Pixels(byte* at, int* offsets, int count)
    {
        var (first, second) = (Vector256<ushort>.Zero, Vector256<ushort>.Zero);
        for (int i = 0; i < count; i++)
        {
            first += PixelLanes.LoadWords(at + offsets[i]);
            second += PixelLanes.LoadWords(at + offsets[i] + Half);
        }

        return (first, second);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static (Vector256<ushort> First, Vector256<ushort> Second) Pairs(ushort* at, int* offsets, int count)
    {
        var (first, second) = (Vector256<ushort>.Zero, Vector256<ushort>.Zero);
        for (int i = 0; i < count; i++)
        {
            first += Vector256.Load(at + offsets[i]);
            second += Vector256.Load(at + offsets[i] + Half);
        }

        return (first, second);
    }
}
