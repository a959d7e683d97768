using Robustify.Kernels.Backends;
using Robustify.Kernels.Tensors;

namespace Robustify.Kernels.Cuda;

internal sealed partial class CudaBackend
{
    /// <inheritdoc cref="IBackend.BiasGradient"/>
    public void BiasGradient(TensorView dy, TensorView dbias, bool accumulate)
    {
        int rows = dy.Shape.Rows, columns = dy.Shape.Columns;
        var geometry = new ColumnGeometry(rows, columns, dy.Type, FlatGeometry.Aligned(dy));
        nint partial = Scratch(geometry.PartialBytes(1));
        Launch(
            Named(dy, "columns_sum_f32", "columns_sum_bf16"), geometry.Launch, new(Bytes(dy), dy.Shape.Count), dy, partial, rows, columns,
            geometry.Wide);
        CombineColumns(geometry, partial, dbias, default, accumulate);
    }

    /// <summary>first and second (absent where there is one set of sums) [columns] (+)= the sums of their chunks.</summary>
    private void CombineColumns(in ColumnGeometry geometry, nint partial, TensorView first, TensorView second, bool accumulate)
    {
        int sets = second.IsAbsent ? 1 : 2;
        Launch(
            "columns_combine_f32", geometry.Combine(sets), new(geometry.PartialBytes(sets), geometry.PartialBytes(sets) / sizeof(float)), partial,
            first, second, geometry.Chunks, geometry.Columns, accumulate);
    }
}
