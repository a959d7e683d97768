using Robustify.Kernels.Backends;
using Robustify.Kernels.Tensors;

namespace Robustify.Kernels.Cuda;

internal sealed partial class CudaBackend
{
    /// <inheritdoc cref="IBackend.Add"/>
    public void Add(TensorView a, TensorView b, TensorView y)
    {
        long count = y.Shape.Count;
        Launch(
            Named(y, "elementwise_add_f32", "elementwise_add_bf16"), FlatGeometry.For(count, y.Type), new(3 * Bytes(y), count), a, b, y, count);
    }

    /// <inheritdoc cref="IBackend.Copy"/>
    public void Copy(TensorView x, TensorView y, bool accumulate) => Cast(x, y, accumulate);

    /// <inheritdoc cref="IBackend.Cast"/>
    public void Cast(TensorView x, TensorView y, bool accumulate)
    {
        long count = y.Shape.Count;
        string kernel = (x.Type, y.Type) switch
        {
            (DType.Float32, DType.BFloat16) => "elementwise_cast_f32_bf16",
            (DType.BFloat16, DType.Float32) => "elementwise_cast_bf16_f32",
            (DType.BFloat16, _) => "elementwise_copy_bf16",
            _ => "elementwise_copy_f32",
        };
        Launch(
            kernel, FlatGeometry.For(count, x.Type == DType.BFloat16 ? x.Type : y.Type),
            new(Bytes(x) + Bytes(y) * (accumulate ? 2 : 1), accumulate ? count : 0), x, y, count, accumulate);
    }

    /// <summary>Of a kernel's two instances the one for the view's type.</summary>
    private static string Named(TensorView view, string float32, string bfloat16) => view.Type == DType.BFloat16 ? bfloat16 : float32;

    private static long Bytes(TensorView view) => view.IsAbsent ? 0 : view.Shape.Count * view.Type.Size();
}
