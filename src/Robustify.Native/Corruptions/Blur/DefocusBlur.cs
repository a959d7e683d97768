using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Robustify.Kernels.Random;
using Robustify.Native.Corruptions.Device;
using Robustify.Native.Corruptions.Pixels;
using Robustify.Native.Data.Images;

namespace Robustify.Native.Corruptions.Blur;

/// <summary>
/// Correlates every channel with an antialiased disk, borders mirrored without repeating the edge pixel ("reflect 101"). Bytes come from
/// <see cref="DiskSums"/>; where one is in doubt, from the kernel's rings, whose bytes are summed exactly and weighed in doubles.
/// </summary>
internal sealed unsafe class DefocusBlur : Corruption
{
    private const int HalfLanes = 16;
    private const int Lanes = 2 * HalfLanes;

    // Up to so many of the 32 are faster one by one.
    private const int FewLanes = 2;

    private static readonly SeverityTable<DiskKernel> Kernels = new(
        imageNet224: Disks((3, 0.1), (4, 0.5), (6, 0.5), (8, 0.5), (10, 0.5)),
        inception299: Disks((4, 0.1), (5, 0.5), (7, 0.5), (10, 0.5), (12, 0.5)),
        tiny64: Disks((0.5, 0.6), (1, 0.1), (1.5, 0.1), (2.5, 0.01), (3, 0.1)),
        cifar32: Disks((0.3, 0.4), (0.4, 0.5), (0.5, 0.6), (1, 0.2), (1.5, 0.1)));

    public override string Name => "defocus_blur";

    public override CorruptionGroup Group => CorruptionGroup.Blur;

    public override int Index => 3;

    private protected override void Apply(
        Image8 source, Image8 destination, CorruptionVariant variant, int severity, IRandomStream random, CorruptionScratch scratch)
    {
        DiskKernel kernel = Kernels.At(variant, severity);
        int channels = source.Channels, row = source.Width * channels, reach = kernel.Reach;
        int paddedRow = row + 2 * reach * channels + Lanes; // the last vectors of a row may look beyond it
        Span<byte> padded = scratch.Bytes(0, paddedRow * (source.Height + 2 * reach));
        Pad(source, padded, paddedRow, reach);
        Span<int> offsets = scratch.Integers(0, kernel.TapCount);
        int next = 0;
        foreach (var ring in kernel.Rings)
            next = Address(ring.Offsets, offsets, next, paddedRow, channels);
        Span<byte> line = scratch.Bytes(1, row + Lanes);
        fixed (byte* pixels = padded)
        {
            byte* centre = pixels + reach * paddedRow + reach * channels;
            var disk = new DiskSums(kernel.Separable, centre, paddedRow, row, channels, scratch);
            for (int y = 0; y < source.Height; y++, centre += paddedRow)
            {
                disk.Advance(y);
                for (int x = 0; x < row; x += Lanes)
                {
                    uint doubt = disk.Levels(x, line);
                    if (doubt != 0)
                        MakeAgain(source, kernel, centre + x, offsets, y, x, doubt, line[x..]);
                }

                line[..row].CopyTo(destination.Pixels[(y * row)..]);
            }
        }
    }

    private protected override void Queue(DeviceBatch batch, CorruptionVariant variant, int severity)
    {
        DiskKernel kernel = Kernels.At(variant, severity);
        var offsets = batch.Tables.Keep(kernel, "offsets", () => kernel.Rings.SelectMany(r => r.Offsets).SelectMany(o => (int[])[o.X, o.Y]).ToArray());
        var ends = batch.Tables.Keep(kernel, "ends", () => kernel.Rings.Select((_, i) => kernel.Rings.Take(i + 1).Sum(r => r.Offsets.Length)).ToArray());
        var weights = batch.Tables.Keep(kernel, "weights", () => kernel.Rings.Select(ring => ring.Weight / 255).ToArray());
        batch.Backend.DefocusBlur(batch.Source, batch.Result, offsets.As(new(offsets.Shape.Columns / 2, 2)), ends, weights);
    }

    private static int Address((int X, int Y)[] pixels, Span<int> offsets, int next, int paddedRow, int channels)
    {
        foreach (var (x, y) in pixels)
            offsets[next++] = y * paddedRow + x * channels;
        return next;
    }

    private static void MakeAgain(Image8 source, DiskKernel kernel, byte* at, ReadOnlySpan<int> offsets, int y, int x, uint doubt, Span<byte> bytes)
    {
        int row = source.Width * source.Channels, end = Math.Min(x + Lanes, row);
        fixed (int* offset = offsets)
        {
            if (BitOperations.PopCount(doubt) <= FewLanes)
            {
                for (; doubt != 0; doubt &= doubt - 1)
                    bytes[BitOperations.TrailingZeroCount(doubt)] = Correlate(at + BitOperations.TrailingZeroCount(doubt), offset, kernel.Rings);
            }
            else if (FlatWindow.Is(source.Pixels, row, source.Channels, y, x, end, kernel.Reach))
            {
                for (int i = x; i < end; i++)
                    bytes[i - x] = kernel.FlatBytes[source.Pixels[y * row + i]];
            }
            else
            {
                Span<double> sums = stackalloc double[Lanes];
                Correlate(at, offset, kernel.Rings, sums);
                UnitRange.ToBytes(sums, bytes[..Lanes]);
            }
        }
    }

    // A ring's bytes are summed exactly; its weight is applied once.
    private static byte Correlate(byte* at, int* offset, DiskKernel.Ring[] rings)
    {
        double total = 0;
        foreach (var ring in rings)
        {
            int sum = 0;
            for (int* end = offset + ring.Offsets.Length; offset < end; offset++)
                sum += at[*offset];
            total = Math.FusedMultiplyAdd(sum, ring.Weight / 255, total);
        }

        return UnitRange.ToByte(total);
    }

    // The same for 32 places: two vectors at a time share the walk over the offsets, and 16 bits hold their sums.
    private static void Correlate(byte* at, int* offset, DiskKernel.Ring[] rings, Span<double> sums)
    {
        var total0 = Vector256<double>.Zero;
        var (total1, total2, total3, total4, total5, total6, total7) = (total0, total0, total0, total0, total0, total0, total0);
        foreach (var ring in rings)
        {
            var (first, second) = Sum(at, offset, offset + ring.Offsets.Length);
            offset += ring.Offsets.Length;
            var weight = Vector256.Create(ring.Weight / 255);
            var (low, high) = Vector256.Widen(first);
            total0 = AddScaled(low.GetLower(), weight, total0);
            total1 = AddScaled(low.GetUpper(), weight, total1);
            total2 = AddScaled(high.GetLower(), weight, total2);
            total3 = AddScaled(high.GetUpper(), weight, total3);
            (low, high) = Vector256.Widen(second);
            total4 = AddScaled(low.GetLower(), weight, total4);
            total5 = AddScaled(low.GetUpper(), weight, total5);
            total6 = AddScaled(high.GetLower(), weight, total6);
            total7 = AddScaled(high.GetUpper(), weight, total7);
        }

        total0.CopyTo(sums);
        total1.CopyTo(sums[4..]);
        total2.CopyTo(sums[8..]);
        total3.CopyTo(sums[12..]);
        total4.CopyTo(sums[16..]);
        total5.CopyTo(sums[20..]);
        total6.CopyTo(sums[24..]);
        total7.CopyTo(sums[28..]);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static (Vector256<ushort> First, Vector256<ushort> Second) Sum(byte* centre, int* offset, int* end)
    {
        var (first, second) = (Vector256<ushort>.Zero, Vector256<ushort>.Zero);
        for (; offset < end; offset++)
        {
            byte* at = centre + *offset;
            first += PixelLanes.LoadWords(at);
            second += PixelLanes.LoadWords(at + HalfLanes);
        }

        return (first, second);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<double> AddScaled(Vector128<uint> sum, Vector256<double> weight, Vector256<double> total)
    {
        var exact = System.Runtime.Intrinsics.X86.Avx.IsSupported
            ? System.Runtime.Intrinsics.X86.Avx.ConvertToVector256Double(sum.AsInt32())
            : Vector256.Create((double)sum[0], sum[1], sum[2], sum[3]);
        return Vector256.FusedMultiplyAdd(exact, weight, total);
    }

    private static void Pad(Image8 source, Span<byte> padded, int paddedRow, int reach)
    {
        int channels = source.Channels, width = source.Width, row = width * channels;
        for (int y = -reach; y < source.Height + reach; y++)
        {
            Span<byte> to = padded.Slice((y + reach) * paddedRow, paddedRow), inner = to[(reach * channels)..];
            source.Pixels.Slice(Border.Reflect101(y, source.Height) * row, row).CopyTo(inner);
            for (int k = 1; k <= reach; k++)
            {
                inner.Slice(Border.Reflect101(-k, width) * channels, channels).CopyTo(to[((reach - k) * channels)..]);
                inner.Slice(Border.Reflect101(width - 1 + k, width) * channels, channels).CopyTo(inner[((width - 1 + k) * channels)..]);
            }

            to[^Lanes..].Clear();
        }
    }

    private static DiskKernel[] Disks(params (double Radius, double AliasSigma)[] disks) => [.. disks.Select(disk => new DiskKernel(disk.Radius, disk.AliasSigma))];
}
