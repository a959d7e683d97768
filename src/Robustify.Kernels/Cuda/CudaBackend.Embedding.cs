using Robustify.Kernels.Backends;
using Robustify.Kernels.Tensors;

namespace Robustify.Kernels.Cuda;

internal sealed partial class CudaBackend
{
    /// <inheritdoc cref="IBackend.SelectRows"/>
    public void SelectRows(TensorView table, TensorView rows, TensorView y) => Launch(
        Named(y, "embedding_select_f32", "embedding_select_bf16"), FlatGeometry.For(y.Shape.Count, y.Type), new(2 * Bytes(y) + Bytes(rows), 0),
        table, rows, y, table.Shape.Rows, y.Shape.Columns, y.Shape.Count);

    /// <inheritdoc cref="IBackend.SelectRowsGradient"/>
    public void SelectRowsGradient(TensorView dy, TensorView rows, TensorView dtable, bool accumulate)
    {
        if (!accumulate)
        {
            Launch(
                Named(dtable, "embedding_clear_f32", "embedding_clear_bf16"), FlatGeometry.For(dtable.Shape.Count, dtable.Type), new(Bytes(dtable), 0), dtable,
                dtable.Shape.Count);
        }

        Launch(
            dy.Type == dtable.Type
                ? Named(dy, "embedding_select_gradient_f32", "embedding_select_gradient_bf16")
                : "embedding_select_gradient_bf16_f32",
            new((uint)dy.Shape.Rows, (uint)((dy.Shape.Columns + 31) / 32), 1, 32), new(3 * Bytes(dy), dy.Shape.Count), dy, rows, dtable,
            dy.Shape.Rows, dy.Shape.Columns, dtable.Shape.Rows, accumulate);
    }

    /// <inheritdoc cref="IBackend.NormalizeRows"/>
    public void NormalizeRows(TensorView x, TensorView y, TensorView reciprocalNorm) => Launch(
        "embedding_normalize_f32", new((uint)x.Shape.Rows, 1, 1, 32), new(2 * Bytes(x), 3 * x.Shape.Count), x, y, reciprocalNorm, x.Shape.Columns);

    /// <inheritdoc cref="IBackend.NormalizeRowsGradient"/>
    public void NormalizeRowsGradient(TensorView dy, TensorView y, TensorView reciprocalNorm, TensorView dx, bool accumulate) => Launch(
        "embedding_normalize_gradient_f32", new((uint)y.Shape.Rows, 1, 1, 32), new(Bytes(dy) + Bytes(y) + Bytes(dx), 5 * y.Shape.Count), dy, y,
        reciprocalNorm, dx, y.Shape.Columns, accumulate);

    /// <inheritdoc cref="IBackend.ScaleByExponential"/>
    public void ScaleByExponential(TensorView x, TensorView exponent, TensorView y) => Scaled(x, exponent, y, false);

    /// <inheritdoc cref="IBackend.ScaleByExponentialGradient"/>
    public void ScaleByExponentialGradient(
        TensorView dy, TensorView y, TensorView exponent, TensorView dx, TensorView dexponent, bool accumulateInput, bool accumulateExponent)
    {
        if (!dexponent.IsAbsent)
        {
            Launch(
                "embedding_scale_exponent_gradient_f32", new(1, 1, 1, 32), new(Bytes(dy) + Bytes(y), 2 * y.Shape.Count), dy, y, dexponent, y.Shape.Count,
                accumulateExponent);
        }

        if (!dx.IsAbsent)
            Scaled(dy, exponent, dx, accumulateInput);
    }

    private void Scaled(TensorView x, TensorView exponent, TensorView y, bool accumulate) => Launch(
        "embedding_scale_f32", FlatGeometry.For(y.Shape.Count, y.Type), new(Bytes(x) + Bytes(y), y.Shape.Count), x, exponent, y, y.Shape.Count,
        accumulate);
}
