using Robustify.Kernels.Tensors;

namespace Robustify.Kernels.Backends;

public partial interface IBackend
{
    /// <summary>
    /// y = activation(x Wᵀ + b). x [rows, in], weight [out, in], bias [out] or absent, y [rows, out]. Where
    /// <paramref name="preActivation"/> [rows, out] is present it receives x Wᵀ + b, which the backward pass of the activation needs.
    /// </summary>
    void Linear(TensorView x, TensorView weight, TensorView bias, TensorView y, Activation activation, TensorView preActivation);

    /// <summary>dx (+)= dy W. dy [rows, out], weight [out, in], dx [rows, in].</summary>
    void LinearInputGradient(TensorView dy, TensorView weight, TensorView dx, bool accumulate);

    /// <summary>dW (+)= dyᵀ x. dy [rows, out], x [rows, in], dweight [out, in].</summary>
    void LinearWeightGradient(TensorView dy, TensorView x, TensorView dweight, bool accumulate);

    /// <summary>Column sums: db (+)= sum over rows of dy. dy [rows, columns], dbias [columns].</summary>
    void BiasGradient(TensorView dy, TensorView dbias, bool accumulate);

    /// <summary>dx = dy activation'(pre), elementwise; dx may be dy.</summary>
    void ActivationGradient(TensorView dy, TensorView preActivation, TensorView dx, Activation activation);
}
