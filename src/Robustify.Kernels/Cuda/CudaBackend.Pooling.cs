using Robustify.Kernels.Backends;
using Robustify.Kernels.Tensors;

namespace Robustify.Kernels.Cuda;

internal sealed partial class CudaBackend
{
    /// <inheritdoc cref="IBackend.MaxPool"/>
    public void MaxPool(TensorView x, TensorView y, TensorView argmax, ConvolutionGeometry geometry)
    {
        var (s, o) = (x.Shape, y.Shape);
        long count = o.Count;
        Launch(
            Named(x, "pool_max_f32", "pool_max_bf16"), FlatGeometry.For(count, x.Type),
            new(Bytes(x) + Bytes(y) + Bytes(argmax), count * geometry.Kernel * geometry.Kernel), x, y, argmax, s[1], s[2], s[3], o[1], o[2],
            geometry.Kernel, geometry.Stride, geometry.Padding, count);
    }

    /// <inheritdoc cref="IBackend.MaxPoolGradient"/>
    public void MaxPoolGradient(TensorView dy, TensorView argmax, TensorView dx, ConvolutionGeometry geometry, bool accumulate)
    {
        var (s, o) = (dx.Shape, dy.Shape);
        Launch(
            Named(dx, "pool_max_gradient_f32", "pool_max_gradient_bf16"), FlatGeometry.For(s.Count, dx.Type),
            new(Bytes(dy) + Bytes(argmax) + Bytes(dx) * (accumulate ? 2 : 1), o.Count * geometry.Kernel * geometry.Kernel), dy, argmax, dx, s[1],
            s[2], s[3], o[1], o[2], geometry.Kernel, geometry.Stride, geometry.Padding, s.Count, accumulate);
    }

    /// <inheritdoc cref="IBackend.MeanPool"/>
    public void MeanPool(TensorView x, TensorView y, int skip) => Launch(
        Named(x, "pool_mean_f32", "pool_mean_bf16"), FlatGeometry.For(y.Shape.Count, x.Type), new(Bytes(x) + Bytes(y), x.Shape.Count), x, y,
        x.Shape[1], x.Shape[2], skip, y.Shape.Count);

    /// <inheritdoc cref="IBackend.MeanPoolGradient"/>
    public void MeanPoolGradient(TensorView dy, TensorView dx, int skip, bool accumulate) => Launch(
        Named(dx, "pool_mean_gradient_f32", "pool_mean_gradient_bf16"), FlatGeometry.For(dx.Shape.Count, dx.Type),
        new(Bytes(dy) + Bytes(dx) * (accumulate ? 2 : 1), dx.Shape.Count), dy, dx, dx.Shape[1], dx.Shape[2], skip, dx.Shape.Count, accumulate);
}
