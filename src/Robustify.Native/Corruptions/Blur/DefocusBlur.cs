using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Robustify.Kernels.Random;
using Robustify.Native.Corruptions.Device;
using Robustify.Native.Corruptions.Pixels;
using Robustify.Native.Data.Images;

namespace Robustify.Native.Corruptions.Blur;

/// <summary>Correlates every channel with an antialiased disk, borders mirrored without repeating the edge pixel ("reflect 101").</summary>
internal sealed unsafe class DefocusBlur : Corruption
{
    private const int HalfLanes = 16;
    private const int Lanes = 2 * HalfLanes;

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
        int paddedLength = paddedRow * (source.Height + 2 * reach);
        Span<ushort> buffer = scratch.Shorts(paddedLength + kernel.RunningCount * (row + Lanes));
        Span<double> sums = scratch.Doubles(0, row + Lanes);
        Span<int> offsets = scratch.Integers(0, kernel.TapCount);
        Pad(source, buffer[..paddedLength], paddedRow, reach);
        int next = 0;
        foreach (var ring in kernel.Rings)
        {
            next = Address(ring.Offsets, offsets, next, paddedRow, channels);
            next = Address(ring.Entering, offsets, next, paddedRow, channels);
            next = Address(ring.Leaving, offsets, next, paddedRow, channels);
        }

        fixed (ushort* centre = &buffer[reach * paddedRow + reach * channels], running = buffer[(paddedLength - 1)..])
        {
            fixed (int* offset = offsets)
            {
                for (int y = 0; y < source.Height; y++)
                {
                    for (int x = 0; x < row; x += Lanes)
                        Correlate(centre + (long)y * paddedRow + x, offset, kernel.Rings, running + 1 + x, row + Lanes, y == 0, sums[x..]);
                    UnitRange.ToBytes(sums[..row], destination.Pixels.Slice(y * row, row));
                }
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

    // A ring's bytes are summed exactly in 16 bits; its weight is applied once. Two vectors at a time share the walk over the offsets.
    private static void Correlate(
        ushort* centre, int* offset, DiskKernel.Ring[] rings, ushort* running, int runningRow, bool firstRow, Span<double> sums)
    {
        var total0 = Vector256<double>.Zero;
        var (total1, total2, total3, total4, total5, total6, total7) = (total0, total0, total0, total0, total0, total0, total0);
        foreach (var ring in rings)
        {
            int* entering = offset + ring.Offsets.Length, leaving = entering + ring.Entering.Length, end = leaving + ring.Leaving.Length;
            Vector256<ushort> first, second;
            if (!ring.IsRunning || firstRow)
                (first, second) = Sum(centre, offset, entering);
            else
            {
                var (gained, alsoGained) = Sum(centre, entering, leaving);
                var (lost, alsoLost) = Sum(centre, leaving, end);
                first = Vector256.Load(running) + gained - lost;
                second = Vector256.Load(running + HalfLanes) + alsoGained - alsoLost;
            }

            if (ring.IsRunning)
            {
                first.Store(running);
                second.Store(running + HalfLanes);
                running += runningRow;
            }

            offset = end;
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
    private static (Vector256<ushort> First, Vector256<ushort> Second) Sum(ushort* centre, int* offset, int* end)
    {
        var (first, second) = (Vector256<ushort>.Zero, Vector256<ushort>.Zero);
        for (; offset < end; offset++)
        {
            ushort* at = centre + *offset;
            first += Vector256.Load(at);
            second += Vector256.Load(at + HalfLanes);
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

    private static void Pad(Image8 source, Span<ushort> padded, int paddedRow, int reach)
    {
        ReadOnlySpan<byte> pixels = source.Pixels;
        int channels = source.Channels, row = source.Width * channels;
        for (int y = -reach; y < source.Height + reach; y++)
        {
            ReadOnlySpan<byte> from = pixels.Slice(Border.Reflect101(y, source.Height) * row, row);
            Span<ushort> to = padded.Slice((y + reach) * paddedRow, paddedRow);
            to[^Lanes..].Clear();
            for (int x = 0; x < reach * channels; x++)
            {
                to[x] = from[Border.Reflect101(x / channels - reach, source.Width) * channels + x % channels];
                to[reach * channels + row + x] = from[Border.Reflect101(source.Width + x / channels, source.Width) * channels + x % channels];
            }

            Span<ushort> inner = to.Slice(reach * channels, row);
            int at = 0;
            for (; at <= row - Vector128<byte>.Count; at += Vector128<byte>.Count)
            {
                var (low, high) = Vector128.Widen(Vector128.Create(from[at..]));
                low.CopyTo(inner[at..]);
                high.CopyTo(inner[(at + Vector128<ushort>.Count)..]);
            }

            for (; at < row; at++)
                inner[at] = from[at];
        }
    }

    private static DiskKernel[] Disks(params (double Radius, double AliasSigma)[] disks) => [.. disks.Select(disk => new DiskKernel(disk.Radius, disk.AliasSigma))];
}
