using Robustify.Kernels.Backends;
using Robustify.Kernels.Tensors;

namespace Robustify.Kernels.Cuda;

internal sealed partial class CudaBackend
{
    // A warp a row.
    private const int LayerNormRowsPerBlock = 4;
    private const int LayerNormThreads = 32 * LayerNormRowsPerBlock;

    /// <inheritdoc cref="IBackend.LayerNorm"/>
    public void LayerNorm(
        TensorView x, TensorView gamma, TensorView beta, TensorView y, TensorView mean, TensorView reciprocalDeviation, float epsilon)
    {
        int rows = x.Shape.Rows, columns = x.Shape.Columns;
        Launch(
            Named(x, "layernorm_forward_f32", "layernorm_forward_bf16"), LayerNormGeometry(rows), new(2 * Bytes(x), 7 * x.Shape.Count), x, gamma,
            beta, y, mean, reciprocalDeviation, rows, columns, epsilon);
    }

    /// <inheritdoc cref="IBackend.ResidualLayerNorm"/>
    public void ResidualLayerNorm(
        TensorView x, TensorView branch, TensorView gamma, TensorView beta, TensorView sum, TensorView y, TensorView mean,
        TensorView reciprocalDeviation, float epsilon)
    {
        int rows = x.Shape.Rows, columns = x.Shape.Columns;
        Launch(
            Named(x, "layernorm_residual_forward_f32", "layernorm_residual_forward_bf16"), LayerNormGeometry(rows),
            new(4 * Bytes(x), 8 * x.Shape.Count), x, branch, gamma, beta, sum, y, mean, reciprocalDeviation, rows, columns, epsilon);
    }

    /// <inheritdoc cref="IBackend.LayerNormInputGradient"/>
    public void LayerNormInputGradient(
        TensorView dy, TensorView x, TensorView gamma, TensorView mean, TensorView reciprocalDeviation, TensorView dx, bool accumulate)
    {
        int rows = x.Shape.Rows, columns = x.Shape.Columns;
        Launch(
            Named(x, "layernorm_input_gradient_f32", "layernorm_input_gradient_bf16"), LayerNormGeometry(rows),
            new((accumulate ? 4 : 3) * Bytes(x), 11 * x.Shape.Count), dy, x, gamma, mean, reciprocalDeviation, dx, rows, columns, accumulate);
    }

    /// <inheritdoc cref="IBackend.ResidualLayerNormInputGradient"/>
    public void ResidualLayerNormInputGradient(
        TensorView dy, TensorView dsum, TensorView sum, TensorView gamma, TensorView mean, TensorView reciprocalDeviation, TensorView dx)
    {
        int rows = sum.Shape.Rows, columns = sum.Shape.Columns;
        Launch(
            Named(sum, "layernorm_residual_input_gradient_f32", "layernorm_residual_input_gradient_bf16"), LayerNormGeometry(rows),
            new(4 * Bytes(sum), 11 * sum.Shape.Count), dy, dsum, sum, gamma, mean, reciprocalDeviation, dx, rows, columns);
    }

    /// <inheritdoc cref="IBackend.LayerNormParameterGradient"/>
    public void LayerNormParameterGradient(
        TensorView dy, TensorView x, TensorView mean, TensorView reciprocalDeviation, TensorView dgamma, TensorView dbeta, bool accumulate)
    {
        int rows = x.Shape.Rows, columns = x.Shape.Columns;
        var geometry = new ColumnGeometry(rows, columns, x.Type, FlatGeometry.Aligned(dy, x));
        nint partial = Scratch(geometry.PartialBytes(2));
        Launch(
            Named(x, "layernorm_parameter_sums_f32", "layernorm_parameter_sums_bf16"), geometry.Launch, new(2 * Bytes(x), 5 * x.Shape.Count), dy,
            x, mean, reciprocalDeviation, partial, rows, columns, geometry.Wide);
        CombineColumns(geometry, partial, dgamma, dbeta, accumulate);
    }

    private static LaunchGeometry LayerNormGeometry(int rows) =>
        new((uint)((rows + LayerNormRowsPerBlock - 1) / LayerNormRowsPerBlock), 1, 1, LayerNormThreads);
}
