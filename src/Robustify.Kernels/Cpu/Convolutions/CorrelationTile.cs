using System.Runtime.CompilerServices;
using Robustify.Kernels.Cpu.Simd;

namespace Robustify.Kernels.Cpu.Convolutions;

/// <summary>
/// The innermost loops of a correlation: the outputs of one panel at six positions stay in registers while the window runs over the image
/// where it lies. A window's row of taps is contiguous in NHWC, so it is one run; a float of the image is broadcast against one or two
/// vectors of filters. Each output is one chain of fused multiply-adds in depth order: all widths give the same bits.
/// </summary>
internal unsafe struct CorrelationTile
{
    /// <summary>Positions of a tile: with two vectors 12 accumulators, which leaves room in 16 registers.</summary>
    public const int Positions = 6;

    /// <summary>Rows of taps, floats of a row of taps, and floats from one row of the image to the next.</summary>
    public required int TapRows, Run;
    public required nint RowStride;

    /// <summary>Adds to the destination instead of replacing it.</summary>
    public required bool Accumulate;

    /// <summary>
    /// Computes <paramref name="count"/> (1 to 6) positions: windows begin at source + sourceOffsets[i], two vectors of outputs go to
    /// destination + destinationOffsets[i]. Nothing here may call: accumulators alive across a call would live on the stack.
    /// </summary>
    public readonly void Two<TLanes, TVector>(
        float* source, int* sourceOffsets, float* panel, float* destination, int* destinationOffsets, int count)
        where TLanes : ILanes<TVector>
        where TVector : struct
    {
        // Positions beyond the last repeat it: computed and dropped.
        float* p0 = source + sourceOffsets[0], p1 = source + sourceOffsets[Math.Min(1, count - 1)];
        float* p2 = source + sourceOffsets[Math.Min(2, count - 1)], p3 = source + sourceOffsets[Math.Min(3, count - 1)];
        float* p4 = source + sourceOffsets[Math.Min(4, count - 1)], p5 = source + sourceOffsets[count - 1];
        TVector x0 = TLanes.Zero, x1 = TLanes.Zero, x2 = TLanes.Zero, x3 = TLanes.Zero, x4 = TLanes.Zero, x5 = TLanes.Zero;
        TVector y0 = TLanes.Zero, y1 = TLanes.Zero, y2 = TLanes.Zero, y3 = TLanes.Zero, y4 = TLanes.Zero, y5 = TLanes.Zero;
        nint row = 0, run = Run;
        for (int taps = TapRows; taps > 0; taps--, row += RowStride)
        {
            for (nint k = row; k < row + run; k++, panel += 2 * TLanes.Width)
            {
                TVector fx = TLanes.Load(panel), fy = TLanes.Load(panel + TLanes.Width);
                var s = TLanes.Broadcast(p0[k]);
                x0 = TLanes.MultiplyAdd(s, fx, x0);
                y0 = TLanes.MultiplyAdd(s, fy, y0);
                s = TLanes.Broadcast(p1[k]);
                x1 = TLanes.MultiplyAdd(s, fx, x1);
                y1 = TLanes.MultiplyAdd(s, fy, y1);
                s = TLanes.Broadcast(p2[k]);
                x2 = TLanes.MultiplyAdd(s, fx, x2);
                y2 = TLanes.MultiplyAdd(s, fy, y2);
                s = TLanes.Broadcast(p3[k]);
                x3 = TLanes.MultiplyAdd(s, fx, x3);
                y3 = TLanes.MultiplyAdd(s, fy, y3);
                s = TLanes.Broadcast(p4[k]);
                x4 = TLanes.MultiplyAdd(s, fx, x4);
                y4 = TLanes.MultiplyAdd(s, fy, y4);
                s = TLanes.Broadcast(p5[k]);
                x5 = TLanes.MultiplyAdd(s, fx, x5);
                y5 = TLanes.MultiplyAdd(s, fy, y5);
            }
        }

        Put<TLanes, TVector>(destination + destinationOffsets[0], x0, y0);
        if (count > 1)
            Put<TLanes, TVector>(destination + destinationOffsets[1], x1, y1);
        if (count > 2)
            Put<TLanes, TVector>(destination + destinationOffsets[2], x2, y2);
        if (count > 3)
            Put<TLanes, TVector>(destination + destinationOffsets[3], x3, y3);
        if (count > 4)
            Put<TLanes, TVector>(destination + destinationOffsets[4], x4, y4);
        if (count > 5)
            Put<TLanes, TVector>(destination + destinationOffsets[5], x5, y5);
    }

    /// <summary>As <see cref="Two"/> for a panel of one vector.</summary>
    public readonly void One<TLanes, TVector>(
        float* source, int* sourceOffsets, float* panel, float* destination, int* destinationOffsets, int count)
        where TLanes : ILanes<TVector>
        where TVector : struct
    {
        float* p0 = source + sourceOffsets[0], p1 = source + sourceOffsets[Math.Min(1, count - 1)];
        float* p2 = source + sourceOffsets[Math.Min(2, count - 1)], p3 = source + sourceOffsets[Math.Min(3, count - 1)];
        float* p4 = source + sourceOffsets[Math.Min(4, count - 1)], p5 = source + sourceOffsets[count - 1];
        TVector x0 = TLanes.Zero, x1 = TLanes.Zero, x2 = TLanes.Zero, x3 = TLanes.Zero, x4 = TLanes.Zero, x5 = TLanes.Zero;
        nint row = 0, run = Run;
        for (int taps = TapRows; taps > 0; taps--, row += RowStride)
        {
            for (nint k = row; k < row + run; k++, panel += TLanes.Width)
            {
                var filter = TLanes.Load(panel);
                x0 = TLanes.MultiplyAdd(TLanes.Broadcast(p0[k]), filter, x0);
                x1 = TLanes.MultiplyAdd(TLanes.Broadcast(p1[k]), filter, x1);
                x2 = TLanes.MultiplyAdd(TLanes.Broadcast(p2[k]), filter, x2);
                x3 = TLanes.MultiplyAdd(TLanes.Broadcast(p3[k]), filter, x3);
                x4 = TLanes.MultiplyAdd(TLanes.Broadcast(p4[k]), filter, x4);
                x5 = TLanes.MultiplyAdd(TLanes.Broadcast(p5[k]), filter, x5);
            }
        }

        Put<TLanes, TVector>(destination + destinationOffsets[0], x0);
        if (count > 1)
            Put<TLanes, TVector>(destination + destinationOffsets[1], x1);
        if (count > 2)
            Put<TLanes, TVector>(destination + destinationOffsets[2], x2);
        if (count > 3)
            Put<TLanes, TVector>(destination + destinationOffsets[3], x3);
        if (count > 4)
            Put<TLanes, TVector>(destination + destinationOffsets[4], x4);
        if (count > 5)
            Put<TLanes, TVector>(destination + destinationOffsets[5], x5);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private readonly void Put<TLanes, TVector>(float* destination, TVector x, TVector y)
        where TLanes : ILanes<TVector>
        where TVector : struct
    {
        Put<TLanes, TVector>(destination, x);
        Put<TLanes, TVector>(destination + TLanes.Width, y);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private readonly void Put<TLanes, TVector>(float* destination, TVector value)
        where TLanes : ILanes<TVector>
        where TVector : struct => TLanes.Store(Accumulate ? TLanes.Add(TLanes.Load(destination), value) : value, destination);
}
