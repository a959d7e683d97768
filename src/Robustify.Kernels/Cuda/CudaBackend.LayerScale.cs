using Robustify.Kernels.Backends;
using Robustify.Kernels.Tensors;

namespace Robustify.Kernels.Cuda;

internal sealed partial class CudaBackend
{
    /// <inheritdoc cref="IBackend.LayerScale"/>
    public void LayerScale(TensorView x, TensorView scale, TensorView residual, TensorView y)
    {
        long count = y.Shape.Count;
        Launch(
            Named(y, "layer_scale_forward_f32", "layer_scale_forward_bf16"), FlatGeometry.For(count, y.Type),
            new(2 * Bytes(y) + Bytes(residual), 2 * count), x, scale, residual, y, y.Shape.Columns, count);
    }

    /// <inheritdoc cref="IBackend.LayerScaleParameterGradient"/>
    public void LayerScaleParameterGradient(TensorView dy, TensorView x, TensorView dscale, bool accumulate)
    {
        int rows = x.Shape.Rows, columns = x.Shape.Columns;
        var geometry = new ColumnGeometry(rows, columns, x.Type, FlatGeometry.Aligned(dy, x));
        nint partial = Scratch(geometry.PartialBytes(1));
        Launch(
            Named(x, "layer_scale_sums_f32", "layer_scale_sums_bf16"), geometry.Launch, new(2 * Bytes(x), 2 * x.Shape.Count), dy, x, partial, rows,
            columns, geometry.Wide);
        CombineColumns(geometry, partial, dscale, default, accumulate);
    }
}
