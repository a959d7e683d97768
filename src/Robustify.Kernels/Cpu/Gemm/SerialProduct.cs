namespace Robustify.Kernels.Cpu.Gemm;

/// <summary>A small product on one thread, for attention heads: both operands are packed whole into the caller's scratch.</summary>
internal static unsafe class SerialProduct
{
    /// <summary>Floats that one operand of <paramref name="count"/> rows (or columns) and <paramref name="depth"/> takes when packed.</summary>
    public static long PackedFloats(int count, int depth)
    {
        int widest = Math.Max(MicroKernel.Rows, MicroKernel.Columns);
        return (long)(count + widest) * depth;
    }

    /// <summary>c [m, n] with row stride <paramref name="stride"/> (+)= op(A) op(B).</summary>
    public static void Run<TA, TB>(int m, int n, int k, TA a, TB b, float* c, int stride, bool accumulate, float* packedA, float* packedB)
        where TA : struct, IPanelSource
        where TB : struct, IPanelSource
    {
        a.Pack(packedA, 0, m, 0, k, MicroKernel.Rows);
        b.Pack(packedB, 0, n, 0, k, MicroKernel.Columns);
        for (int column = 0; column < n; column += MicroKernel.Columns)
        {
            for (int row = 0; row < m; row += MicroKernel.Rows)
            {
                MicroKernel.Tile(
                    k, packedA + (long)row * k, packedB + (long)column * k, c + (long)row * stride + column, stride,
                    Math.Min(MicroKernel.Rows, m - row), Math.Min(MicroKernel.Columns, n - column), accumulate);
            }
        }
    }
}
