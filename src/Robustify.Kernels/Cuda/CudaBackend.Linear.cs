using Robustify.Kernels.Backends;
using Robustify.Kernels.Tensors;

namespace Robustify.Kernels.Cuda;

internal sealed partial class CudaBackend
{
    /// <summary>
    /// <inheritdoc cref="IBackend.Linear" path="/summary"/> The bias is added by the product's epilogue in y's type, so for bfloat16 it is
    /// rounded first, as PyTorch's autocast does.
    /// </summary>
    public void Linear(TensorView x, TensorView weight, TensorView bias, TensorView y, Activation activation, TensorView preActivation)
    {
        var product = preActivation.IsAbsent ? y : preActivation;
        var shift = bias.IsAbsent || bias.Type == product.Type ? bias : Converted(bias, product.Type);
        Multiply(MatrixOperand.Of(x), MatrixOperand.TransposeOf(weight), MatrixOperand.Of(product), false, shift);
        if (activation != Activation.None || !preActivation.IsAbsent)
            AddBiasAndActivate(product, default, default, y, activation);
    }

    /// <inheritdoc cref="IBackend.LinearInputGradient"/>
    public void LinearInputGradient(TensorView dy, TensorView weight, TensorView dx, bool accumulate)
    {
        var gradient = dy.Type == weight.Type ? dy : Converted(dy, weight.Type);
        Multiply(MatrixOperand.Of(gradient), MatrixOperand.Of(weight), MatrixOperand.Of(dx), accumulate);
    }

    /// <inheritdoc cref="IBackend.LinearWeightGradient"/>
    public void LinearWeightGradient(TensorView dy, TensorView x, TensorView dweight, bool accumulate)
    {
        var gradient = dy.Type == x.Type ? dy : Converted(dy, x.Type);
        Multiply(MatrixOperand.TransposeOf(gradient), MatrixOperand.Of(x), MatrixOperand.Of(dweight), accumulate);
    }

    /// <summary>The same values in another type, in scratch memory: the one operand of an operation that may be.</summary>
    private TensorView Converted(TensorView view, DType type)
    {
        var converted = new TensorView(Scratch(view.Shape.Count * type.Size()), type, view.Shape);
        Cast(view, converted, false);
        return converted;
    }
}
