using System.Globalization;
using Robustify.Kernels.Tensors;

namespace Robustify.Kernels.Cuda.Cublas;

/// <summary>
/// Everything about a product that decides which algorithms can do it. Row-major D = op(A) op(B) is, in the library's column-major eyes,
/// Dᵀ = op(B)ᵀ op(A)ᵀ: the operands change places and no transposition is added.
/// </summary>
internal readonly record struct MatmulShape(
    int M, int N, int K, int StrideA, int StrideB, int StrideD, bool TransposeA, bool TransposeB, DType OperandType, DType ResultType,
    bool HasBias, bool Accumulate, int Batch, long BatchStrideA, long BatchStrideB, long BatchStrideD, int AlignmentA, int AlignmentB, int AlignmentD)
{
    /// <summary>The widest alignment that algorithms ask for.</summary>
    private const int WidestAlignment = 16;

    /// <summary>The shape of a product.</summary>
    /// <exception cref="ArgumentException">The operands do not fit each other.</exception>
    public static MatmulShape Of(in MatrixOperand a, in MatrixOperand b, in MatrixOperand d, bool accumulate, bool hasBias, int batch)
    {
        if (a.ProductColumns != b.ProductRows || d.ProductRows != a.ProductRows || d.ProductColumns != b.ProductColumns || d.Transposed)
        {
            throw new ArgumentException(
                $"product [{a.ProductRows}, {a.ProductColumns}] x [{b.ProductRows}, {b.ProductColumns}] to [{d.ProductRows}, {d.ProductColumns}]: the extents do not fit");
        }

        if (a.Type != b.Type || a.Type is not (DType.Float32 or DType.BFloat16) || d.Type is not (DType.Float32 or DType.BFloat16))
            throw new ArgumentException($"product of {a.Type} and {b.Type} to {d.Type}: operands of one type, Float32 or BFloat16, expected");
        if (a.Type == DType.Float32 && d.Type == DType.BFloat16)
            throw new ArgumentException("product of Float32 to BFloat16: cuBLASLt has none; convert the operands or the result");
        return new MatmulShape(
            d.Rows, d.Columns, a.ProductColumns, a.Stride, b.Stride, d.Stride, a.Transposed, b.Transposed, a.Type, d.Type, hasBias, accumulate, batch,
            a.BatchStride, b.BatchStride, d.BatchStride, Alignment(a.Pointer), Alignment(b.Pointer), Alignment(d.Pointer));
    }

    /// <summary>Least bytes read and written.</summary>
    public long Bytes => Batch * (((long)M * K + (long)K * N) * OperandType.Size() + (long)M * N * ResultType.Size() * (Accumulate ? 2 : 1));

    /// <summary>Multiplications and additions.</summary>
    public long Operations => 2L * Batch * M * N * K;

    /// <summary>For profiles: <c>matmul_bf16 50432x2304x768</c>.</summary>
    public string Title => string.Create(
        CultureInfo.InvariantCulture, $"matmul_{(OperandType == DType.BFloat16 ? "bf16" : "f32")} {(Batch > 1 ? $"{Batch}x" : "")}{M}x{N}x{K}");

    /// <summary>One word a choice is kept under.</summary>
    public string Key => string.Create(
        CultureInfo.InvariantCulture,
        $"{M}x{N}x{K}-{StrideA}{(TransposeA ? "t" : "n")}-{StrideB}{(TransposeB ? "t" : "n")}-{StrideD}-{OperandType}-{ResultType}{(HasBias ? "-bias" : "")}{(Accumulate ? "-add" : "")}-{Batch}-{BatchStrideA}-{BatchStrideB}-{BatchStrideD}-{AlignmentA}-{AlignmentB}-{AlignmentD}");

    private static int Alignment(nint pointer)
    {
        int alignment = 1;
        while (alignment < WidestAlignment && pointer % (2 * alignment) == 0)
            alignment *= 2;
        return alignment;
    }
}
