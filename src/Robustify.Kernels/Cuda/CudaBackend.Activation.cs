using Robustify.Kernels.Backends;
using Robustify.Kernels.Tensors;

namespace Robustify.Kernels.Cuda;

internal sealed partial class CudaBackend
{
    // Arithmetic of one activation, counted roughly: the error function and an exponential.
    private const int ActivationOperations = 30;

    /// <inheritdoc cref="IBackend.ActivationGradient"/>
    public void ActivationGradient(TensorView dy, TensorView preActivation, TensorView dx, Activation activation)
    {
        long count = dy.Shape.Count;
        if (activation == Activation.None)
        {
            if (dy.Pointer != dx.Pointer)
                Cast(dy, dx, false);
            return;
        }

        Launch(
            Named(dy, "activation_gradient_f32", "activation_gradient_bf16"), FlatGeometry.For(count, dy.Type),
            new(3 * Bytes(dy), ActivationOperations * count), dy, preActivation, dx, count, (int)activation);
    }

    /// <summary>
    /// What follows a matrix product where the library's epilogue has not our form: pre = product + bias, y = activation(pre). product,
    /// preActivation (or absent) and y [rows, columns] of one type; bias [columns] or absent. preActivation and y may be the product.
    /// </summary>
    private void AddBiasAndActivate(TensorView product, TensorView bias, TensorView preActivation, TensorView y, Activation activation)
    {
        int rows = y.Shape.Rows, columns = y.Shape.Columns;
        Launch(
            Named(y, "activation_forward_f32", "activation_forward_bf16"), FlatGeometry.For(y.Shape.Count, y.Type),
            new(Bytes(product) + Bytes(preActivation) + Bytes(y), ActivationOperations * y.Shape.Count), product, bias, preActivation, y, rows,
            columns, (int)activation);
    }
}
