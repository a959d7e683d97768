using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Robustify.Kernels.Cpu.Simd;

namespace Robustify.Kernels.Cpu.Gemm;

/// <summary>
/// The innermost product: a tile of Rows x Columns accumulators that never leave the registers while depth runs. With 32 registers of 512
/// bits the tile is 12 x 32 (24 accumulators, 2 for B, the rest for broadcasts of A); with 16 registers it is 6 x 2 vectors. Each element
/// is one chain of fused multiply-adds in depth order, so all widths give the same bits.
/// </summary>
internal static unsafe class MicroKernel
{
    /// <summary>Rows of a tile.</summary>
    public static int Rows => Vector512.IsHardwareAccelerated ? 12 : 6;

    /// <summary>Columns of a tile: two vectors.</summary>
    public static int Columns => Vector512.IsHardwareAccelerated ? 32 : Vector256.IsHardwareAccelerated ? 16 : 8;

    /// <summary>
    /// c[0..rows, 0..columns] (+)= A panel x B panel. Edge tiles are computed whole into a buffer on the stack and copied from there.
    /// </summary>
    public static void Tile(int depth, float* a, float* b, float* c, int stride, int rows, int columns, bool accumulate)
    {
        if (rows == Rows && columns == Columns)
        {
            Full(depth, a, b, c, stride, accumulate);
            return;
        }

        float* whole = stackalloc float[Rows * Columns];
        Full(depth, a, b, whole, Columns, accumulate: false);
        for (int row = 0; row < rows; row++, c += stride, whole += Columns)
        {
            if (accumulate)
            {
                for (int column = 0; column < columns; column++)
                    c[column] += whole[column];
            }
            else
            {
                new Span<float>(whole, columns).CopyTo(new Span<float>(c, columns));
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Full(int depth, float* a, float* b, float* c, int stride, bool accumulate)
    {
        if (Vector512.IsHardwareAccelerated)
            Tile12(depth, a, b, c, stride, accumulate);
        else if (Vector256.IsHardwareAccelerated)
            Tile6<Lanes256, Vector256<float>>(depth, a, b, c, stride, accumulate);
        else
            Tile6<Lanes128, Vector128<float>>(depth, a, b, c, stride, accumulate);
    }

    private static void Tile12(int depth, float* a, float* b, float* c, int stride, bool accumulate)
    {
        Vector512<float> x0 = Vector512<float>.Zero, y0 = Vector512<float>.Zero;
        Vector512<float> x1 = Vector512<float>.Zero, y1 = Vector512<float>.Zero;
        Vector512<float> x2 = Vector512<float>.Zero, y2 = Vector512<float>.Zero;
        Vector512<float> x3 = Vector512<float>.Zero, y3 = Vector512<float>.Zero;
        Vector512<float> x4 = Vector512<float>.Zero, y4 = Vector512<float>.Zero;
        Vector512<float> x5 = Vector512<float>.Zero, y5 = Vector512<float>.Zero;
        Vector512<float> x6 = Vector512<float>.Zero, y6 = Vector512<float>.Zero;
        Vector512<float> x7 = Vector512<float>.Zero, y7 = Vector512<float>.Zero;
        Vector512<float> x8 = Vector512<float>.Zero, y8 = Vector512<float>.Zero;
        Vector512<float> x9 = Vector512<float>.Zero, y9 = Vector512<float>.Zero;
        Vector512<float> x10 = Vector512<float>.Zero, y10 = Vector512<float>.Zero;
        Vector512<float> x11 = Vector512<float>.Zero, y11 = Vector512<float>.Zero;
        for (int k = 0; k < depth; k++, a += 12, b += 2 * 16)
        {
            Vector512<float> bx = Vector512.Load(b), by = Vector512.Load(b + 16);
            Vector512<float> s;
            s = Vector512.Create(a[0]);
            x0 = Vector512.FusedMultiplyAdd(s, bx, x0);
            y0 = Vector512.FusedMultiplyAdd(s, by, y0);
            s = Vector512.Create(a[1]);
            x1 = Vector512.FusedMultiplyAdd(s, bx, x1);
            y1 = Vector512.FusedMultiplyAdd(s, by, y1);
            s = Vector512.Create(a[2]);
            x2 = Vector512.FusedMultiplyAdd(s, bx, x2);
            y2 = Vector512.FusedMultiplyAdd(s, by, y2);
            s = Vector512.Create(a[3]);
            x3 = Vector512.FusedMultiplyAdd(s, bx, x3);
            y3 = Vector512.FusedMultiplyAdd(s, by, y3);
            s = Vector512.Create(a[4]);
            x4 = Vector512.FusedMultiplyAdd(s, bx, x4);
            y4 = Vector512.FusedMultiplyAdd(s, by, y4);
            s = Vector512.Create(a[5]);
            x5 = Vector512.FusedMultiplyAdd(s, bx, x5);
            y5 = Vector512.FusedMultiplyAdd(s, by, y5);
            s = Vector512.Create(a[6]);
            x6 = Vector512.FusedMultiplyAdd(s, bx, x6);
            y6 = Vector512.FusedMultiplyAdd(s, by, y6);
            s = Vector512.Create(a[7]);
            x7 = Vector512.FusedMultiplyAdd(s, bx, x7);
            y7 = Vector512.FusedMultiplyAdd(s, by, y7);
            s = Vector512.Create(a[8]);
            x8 = Vector512.FusedMultiplyAdd(s, bx, x8);
            y8 = Vector512.FusedMultiplyAdd(s, by, y8);
            s = Vector512.Create(a[9]);
            x9 = Vector512.FusedMultiplyAdd(s, bx, x9);
            y9 = Vector512.FusedMultiplyAdd(s, by, y9);
            s = Vector512.Create(a[10]);
            x10 = Vector512.FusedMultiplyAdd(s, bx, x10);
            y10 = Vector512.FusedMultiplyAdd(s, by, y10);
            s = Vector512.Create(a[11]);
            x11 = Vector512.FusedMultiplyAdd(s, bx, x11);
            y11 = Vector512.FusedMultiplyAdd(s, by, y11);
        }

        StoreRow<Lanes512, Vector512<float>>(c, x0, y0, accumulate);
        StoreRow<Lanes512, Vector512<float>>(c + stride, x1, y1, accumulate);
        StoreRow<Lanes512, Vector512<float>>(c + 2L * stride, x2, y2, accumulate);
        StoreRow<Lanes512, Vector512<float>>(c + 3L * stride, x3, y3, accumulate);
        StoreRow<Lanes512, Vector512<float>>(c + 4L * stride, x4, y4, accumulate);
        StoreRow<Lanes512, Vector512<float>>(c + 5L * stride, x5, y5, accumulate);
        StoreRow<Lanes512, Vector512<float>>(c + 6L * stride, x6, y6, accumulate);
        StoreRow<Lanes512, Vector512<float>>(c + 7L * stride, x7, y7, accumulate);
        StoreRow<Lanes512, Vector512<float>>(c + 8L * stride, x8, y8, accumulate);
        StoreRow<Lanes512, Vector512<float>>(c + 9L * stride, x9, y9, accumulate);
        StoreRow<Lanes512, Vector512<float>>(c + 10L * stride, x10, y10, accumulate);
        StoreRow<Lanes512, Vector512<float>>(c + 11L * stride, x11, y11, accumulate);
    }

    private static void Tile6<TLanes, TVector>(int depth, float* a, float* b, float* c, int stride, bool accumulate)
        where TLanes : ILanes<TVector>
        where TVector : struct
    {
        TVector x0 = TLanes.Zero, y0 = TLanes.Zero;
        TVector x1 = TLanes.Zero, y1 = TLanes.Zero;
        TVector x2 = TLanes.Zero, y2 = TLanes.Zero;
        TVector x3 = TLanes.Zero, y3 = TLanes.Zero;
        TVector x4 = TLanes.Zero, y4 = TLanes.Zero;
        TVector x5 = TLanes.Zero, y5 = TLanes.Zero;
        for (int k = 0; k < depth; k++, a += 6, b += 2 * TLanes.Width)
        {
            TVector bx = TLanes.Load(b), by = TLanes.Load(b + TLanes.Width);
            TVector s;
            s = TLanes.Broadcast(a[0]);
            x0 = TLanes.MultiplyAdd(s, bx, x0);
            y0 = TLanes.MultiplyAdd(s, by, y0);
            s = TLanes.Broadcast(a[1]);
            x1 = TLanes.MultiplyAdd(s, bx, x1);
            y1 = TLanes.MultiplyAdd(s, by, y1);
            s = TLanes.Broadcast(a[2]);
            x2 = TLanes.MultiplyAdd(s, bx, x2);
            y2 = TLanes.MultiplyAdd(s, by, y2);
            s = TLanes.Broadcast(a[3]);
            x3 = TLanes.MultiplyAdd(s, bx, x3);
            y3 = TLanes.MultiplyAdd(s, by, y3);
            s = TLanes.Broadcast(a[4]);
            x4 = TLanes.MultiplyAdd(s, bx, x4);
            y4 = TLanes.MultiplyAdd(s, by, y4);
            s = TLanes.Broadcast(a[5]);
            x5 = TLanes.MultiplyAdd(s, bx, x5);
            y5 = TLanes.MultiplyAdd(s, by, y5);
        }

        StoreRow<TLanes, TVector>(c, x0, y0, accumulate);
        StoreRow<TLanes, TVector>(c + stride, x1, y1, accumulate);
        StoreRow<TLanes, TVector>(c + 2L * stride, x2, y2, accumulate);
        StoreRow<TLanes, TVector>(c + 3L * stride, x3, y3, accumulate);
        StoreRow<TLanes, TVector>(c + 4L * stride, x4, y4, accumulate);
        StoreRow<TLanes, TVector>(c + 5L * stride, x5, y5, accumulate);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void StoreRow<TLanes, TVector>(float* c, TVector x, TVector y, bool accumulate)
        where TLanes : ILanes<TVector>
        where TVector : struct
    {
        if (accumulate)
        {
            x = TLanes.Add(TLanes.Load(c), x);
            y = TLanes.Add(TLanes.Load(c + TLanes.Width), y);
        }

        TLanes.Store(x, c);
        TLanes.Store(y, c + TLanes.Width);
    }
}
