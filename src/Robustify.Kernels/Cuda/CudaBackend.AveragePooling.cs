using Robustify.Kernels.Backends;
using Robustify.Kernels.Tensors;

namespace Robustify.Kernels.Cuda;

internal sealed partial class CudaBackend
{
    /// <inheritdoc cref="IBackend.AveragePool"/>
    public void AveragePool(TensorView x, TensorView y, int window)
    {
        var (s, o) = (x.Shape, y.Shape);
        Launch(
            Named(x, "pool_average_f32", "pool_average_bf16"), FlatGeometry.For(o.Count, x.Type), new(Bytes(x) + Bytes(y), s.Count), x, y, s[1],
            s[2], s[3], o[1], o[2], window, o.Count);
    }

    /// <inheritdoc cref="IBackend.AveragePoolGradient"/>
    public void AveragePoolGradient(TensorView dy, TensorView dx, int window, bool accumulate)
    {
        var (s, o) = (dx.Shape, dy.Shape);
        Launch(
            Named(dx, "pool_average_gradient_f32", "pool_average_gradient_bf16"), FlatGeometry.For(s.Count, dx.Type),
            new(Bytes(dy) + Bytes(dx) * (accumulate ? 2 : 1), s.Count), dy, dx, s[1], s[2], s[3], o[1], o[2], window, s.Count, accumulate);
    }

    /// <inheritdoc cref="IBackend.PrependMean"/>
    public void PrependMean(TensorView x, TensorView y)
    {
        long count = (long)x.Shape[0] * x.Shape[2];
        Launch(
            Named(x, "tokens_prepend_mean_f32", "tokens_prepend_mean_bf16"), FlatGeometry.For(count, x.Type), new(Bytes(x) + Bytes(y), x.Shape.Count),
            x, y, x.Shape[1], x.Shape[2], count);
    }

    /// <inheritdoc cref="IBackend.PrependMeanGradient"/>
    public void PrependMeanGradient(TensorView dy, TensorView dx, bool accumulate) => Launch(
        Named(dx, "tokens_prepend_mean_gradient_f32", "tokens_prepend_mean_gradient_bf16"), FlatGeometry.For(dx.Shape.Count, dx.Type),
        new(Bytes(dy) + Bytes(dx) * (accumulate ? 2 : 1), 2 * dx.Shape.Count), dy, dx, dx.Shape[1], dx.Shape[2], dx.Shape.Count, accumulate);
}
