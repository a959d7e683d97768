using Robustify.Kernels.Tensors;

namespace Robustify.Kernels.Cuda;

/// <summary>
/// A row-major matrix in device memory as a product sees it. <paramref name="Rows"/> and <paramref name="Columns"/> are those of the stored
/// matrix; with <paramref name="Transposed"/> the product takes its transpose.
/// </summary>
/// <param name="Pointer">Address of the first element.</param>
/// <param name="Type">Float32 or BFloat16.</param>
/// <param name="Rows">Stored rows.</param>
/// <param name="Columns">Stored columns.</param>
/// <param name="Stride">Elements from one stored row to the next.</param>
/// <param name="Transposed">Whether the product takes the transpose.</param>
/// <param name="BatchStride">Elements from one matrix of a batch to the next.</param>
internal readonly record struct MatrixOperand(
    nint Pointer, DType Type, int Rows, int Columns, int Stride, bool Transposed = false, long BatchStride = 0)
{
    /// <summary>Rows in the product.</summary>
    public int ProductRows => Transposed ? Columns : Rows;

    /// <summary>Columns in the product.</summary>
    public int ProductColumns => Transposed ? Rows : Columns;

    /// <summary>A tensor as the matrix of its rows.</summary>
    public static MatrixOperand Of(TensorView view) => new(view.Pointer, view.Type, view.Shape.Rows, view.Shape.Columns, view.Shape.Columns);

    /// <summary>The transpose of a tensor as the matrix of its rows.</summary>
    public static MatrixOperand TransposeOf(TensorView view) => Of(view) with { Transposed = true };
}
