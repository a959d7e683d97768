using System.Runtime.CompilerServices;
using Robustify.Kernels.Cpu.Simd;

namespace Robustify.Kernels.Cpu.Convolutions;

/// <summary>
/// The innermost loops of the weight gradient: six neighbouring floats of a window against one or two vectors of outputs stay in registers
/// while the positions of a band run, each adding x dyᵀ. Both operands are read where they lie.
/// </summary>
internal unsafe struct OuterProductTile
{
    /// <summary>Window floats of a tile.</summary>
    public const int Floats = 6;

    /// <summary>Positions: images of rows of columns.</summary>
    public required int Images, Rows, Columns;

    /// <summary>Floats from one position's window to the next, to the next row's and to the next image's.</summary>
    public required nint ColumnStride, RowStride, ImageStride;

    /// <summary>The same for dy.</summary>
    public required nint GradientColumnStride, GradientRowStride, GradientImageStride;

    /// <summary>Floats from one row of the result to the next.</summary>
    public required nint ResultStride;

    /// <summary>
    /// result[i, two vectors] (+)= sum over positions of x[first + i] dy, for i below min(6, run - first); the window's row has
    /// <paramref name="run"/> floats.
    /// </summary>
    public readonly void Two<TLanes, TVector>(float* x, int first, int run, float* dy, float* result, bool accumulate)
        where TLanes : ILanes<TVector>
        where TVector : struct
    {
        // Floats beyond the window's row repeat its last: computed and dropped.
        float* p0 = x + first, p1 = x + Math.Min(first + 1, run - 1), p2 = x + Math.Min(first + 2, run - 1);
        float* p3 = x + Math.Min(first + 3, run - 1), p4 = x + Math.Min(first + 4, run - 1), p5 = x + Math.Min(first + 5, run - 1);
        TVector x0 = TLanes.Zero, x1 = TLanes.Zero, x2 = TLanes.Zero, x3 = TLanes.Zero, x4 = TLanes.Zero, x5 = TLanes.Zero;
        TVector y0 = TLanes.Zero, y1 = TLanes.Zero, y2 = TLanes.Zero, y3 = TLanes.Zero, y4 = TLanes.Zero, y5 = TLanes.Zero;
        nint step = ColumnStride, gradientStep = GradientColumnStride;
        for (int image = 0; image < Images; image++)
        {
            for (int row = 0; row < Rows; row++)
            {
                nint at = image * ImageStride + row * RowStride;
                float* g = dy + image * GradientImageStride + row * GradientRowStride;
                for (int column = Columns; column > 0; column--, at += step, g += gradientStep)
                {
                    TVector gx = TLanes.Load(g), gy = TLanes.Load(g + TLanes.Width);
                    var s = TLanes.Broadcast(p0[at]);
                    x0 = TLanes.MultiplyAdd(s, gx, x0);
                    y0 = TLanes.MultiplyAdd(s, gy, y0);
                    s = TLanes.Broadcast(p1[at]);
                    x1 = TLanes.MultiplyAdd(s, gx, x1);
                    y1 = TLanes.MultiplyAdd(s, gy, y1);
                    s = TLanes.Broadcast(p2[at]);
                    x2 = TLanes.MultiplyAdd(s, gx, x2);
                    y2 = TLanes.MultiplyAdd(s, gy, y2);
                    s = TLanes.Broadcast(p3[at]);
                    x3 = TLanes.MultiplyAdd(s, gx, x3);
                    y3 = TLanes.MultiplyAdd(s, gy, y3);
                    s = TLanes.Broadcast(p4[at]);
                    x4 = TLanes.MultiplyAdd(s, gx, x4);
                    y4 = TLanes.MultiplyAdd(s, gy, y4);
                    s = TLanes.Broadcast(p5[at]);
                    x5 = TLanes.MultiplyAdd(s, gx, x5);
                    y5 = TLanes.MultiplyAdd(s, gy, y5);
                }
            }
        }

        int count = run - first;
        float* second = result + TLanes.Width;
        Put<TLanes, TVector>(result, x0, x1, x2, x3, x4, x5, count, accumulate);
        Put<TLanes, TVector>(second, y0, y1, y2, y3, y4, y5, count, accumulate);
    }

    /// <summary>As <see cref="Two"/> for one vector of outputs.</summary>
    public readonly void One<TLanes, TVector>(float* x, int first, int run, float* dy, float* result, bool accumulate)
        where TLanes : ILanes<TVector>
        where TVector : struct
    {
        float* p0 = x + first, p1 = x + Math.Min(first + 1, run - 1), p2 = x + Math.Min(first + 2, run - 1);
        float* p3 = x + Math.Min(first + 3, run - 1), p4 = x + Math.Min(first + 4, run - 1), p5 = x + Math.Min(first + 5, run - 1);
        TVector x0 = TLanes.Zero, x1 = TLanes.Zero, x2 = TLanes.Zero, x3 = TLanes.Zero, x4 = TLanes.Zero, x5 = TLanes.Zero;
        nint step = ColumnStride, gradientStep = GradientColumnStride;
        for (int image = 0; image < Images; image++)
        {
            for (int row = 0; row < Rows; row++)
            {
                nint at = image * ImageStride + row * RowStride;
                float* g = dy + image * GradientImageStride + row * GradientRowStride;
                for (int column = Columns; column > 0; column--, at += step, g += gradientStep)
                {
                    var gradient = TLanes.Load(g);
                    x0 = TLanes.MultiplyAdd(TLanes.Broadcast(p0[at]), gradient, x0);
                    x1 = TLanes.MultiplyAdd(TLanes.Broadcast(p1[at]), gradient, x1);
                    x2 = TLanes.MultiplyAdd(TLanes.Broadcast(p2[at]), gradient, x2);
                    x3 = TLanes.MultiplyAdd(TLanes.Broadcast(p3[at]), gradient, x3);
                    x4 = TLanes.MultiplyAdd(TLanes.Broadcast(p4[at]), gradient, x4);
                    x5 = TLanes.MultiplyAdd(TLanes.Broadcast(p5[at]), gradient, x5);
                }
            }
        }

        Put<TLanes, TVector>(result, x0, x1, x2, x3, x4, x5, run - first, accumulate);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private readonly void Put<TLanes, TVector>(
        float* result, TVector v0, TVector v1, TVector v2, TVector v3, TVector v4, TVector v5, int count, bool accumulate)
        where TLanes : ILanes<TVector>
        where TVector : struct
    {
        Put<TLanes, TVector>(result, v0, accumulate);
        if (count > 1)
            Put<TLanes, TVector>(result + ResultStride, v1, accumulate);
        if (count > 2)
            Put<TLanes, TVector>(result + 2 * ResultStride, v2, accumulate);
        if (count > 3)
            Put<TLanes, TVector>(result + 3 * ResultStride, v3, accumulate);
        if (count > 4)
            Put<TLanes, TVector>(result + 4 * ResultStride, v4, accumulate);
        if (count > 5)
            Put<TLanes, TVector>(result + 5 * ResultStride, v5, accumulate);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Put<TLanes, TVector>(float* result, TVector value, bool accumulate)
        where TLanes : ILanes<TVector>
        where TVector : struct => TLanes.Store(accumulate ? TLanes.Add(TLanes.Load(result), value) : value, result);
}
