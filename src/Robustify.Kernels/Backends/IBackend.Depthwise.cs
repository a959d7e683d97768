using Robustify.Kernels.Tensors;

namespace Robustify.Kernels.Backends;

public partial interface IBackend
{
    /// <summary>
    /// Each channel convolved with its own filter, plus its bias: x and y [N, H, W, C], weight [C, K, K, 1] with K odd, bias [C] or absent;
    /// stride 1 and K / 2 zeros around, so that the side stays. The weight is Float32 whatever the activations are.
    /// </summary>
    void DepthwiseConvolution(TensorView x, TensorView weight, TensorView bias, TensorView y);

    /// <summary>Gradient of <see cref="DepthwiseConvolution"/> with respect to x.</summary>
    void DepthwiseConvolutionInputGradient(TensorView dy, TensorView weight, TensorView dx, bool accumulate);

    /// <summary>Gradient of <see cref="DepthwiseConvolution"/> with respect to the weight.</summary>
    void DepthwiseConvolutionWeightGradient(TensorView dy, TensorView x, TensorView dweight, bool accumulate);

    /// <summary>
    /// Layer scale (Touvron et al., arXiv 2103.17239): y = residual + x scale. x and y [rows, columns], scale [columns]; residual
    /// [rows, columns], absent (0), or y itself. The gradient with respect to x is this same operation on dy.
    /// </summary>
    void LayerScale(TensorView x, TensorView scale, TensorView residual, TensorView y);

    /// <summary>Gradient of <see cref="LayerScale"/> with respect to the scale: column sums of dy x.</summary>
    void LayerScaleParameterGradient(TensorView dy, TensorView x, TensorView dscale, bool accumulate);
}
