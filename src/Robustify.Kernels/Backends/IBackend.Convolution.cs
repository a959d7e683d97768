using Robustify.Kernels.Tensors;

namespace Robustify.Kernels.Backends;

public partial interface IBackend
{
    /// <summary>y = x * weight. x [N, H, W, C], weight [O, K, K, C], y [N, OH, OW, O]; no bias, as batch normalisation follows.</summary>
    void Convolution(TensorView x, TensorView weight, TensorView y, ConvolutionGeometry geometry);

    /// <summary>Gradient of <see cref="Convolution"/> with respect to x.</summary>
    void ConvolutionInputGradient(TensorView dy, TensorView weight, TensorView dx, ConvolutionGeometry geometry, bool accumulate);

    /// <summary>Gradient of <see cref="Convolution"/> with respect to the weight.</summary>
    void ConvolutionWeightGradient(TensorView dy, TensorView x, TensorView dweight, ConvolutionGeometry geometry, bool accumulate);

    /// <summary>Maximum over windows; padding never wins. argmax [as y, Int32] keeps the flat input position within the image's channel
    /// plane (row * W + column); ties go to the first in row-major order.</summary>
    void MaxPool(TensorView x, TensorView y, TensorView argmax, ConvolutionGeometry geometry);

    /// <summary>Gradient of <see cref="MaxPool"/>.</summary>
    void MaxPoolGradient(TensorView dy, TensorView argmax, TensorView dx, ConvolutionGeometry geometry, bool accumulate);

    /// <summary>
    /// Mean over windows of <paramref name="window"/> x window positions, side by side; what is left over at the end of a side is dropped.
    /// x [N, H, W, C], y [N, H / window, W / window, C]. Before a strided step it keeps high frequencies from folding down.
    /// </summary>
    void AveragePool(TensorView x, TensorView y, int window);

    /// <summary>Gradient of <see cref="AveragePool"/>; positions in no window get zero.</summary>
    void AveragePoolGradient(TensorView dy, TensorView dx, int window, bool accumulate);

    /// <summary>Mean over the middle extent: x [N, M, C] (an image's positions flattened, or tokens) to y [N, C], skipping the first
    /// <paramref name="skip"/> positions.</summary>
    void MeanPool(TensorView x, TensorView y, int skip);

    /// <summary>Gradient of <see cref="MeanPool"/>; skipped positions get zero.</summary>
    void MeanPoolGradient(TensorView dy, TensorView dx, int skip, bool accumulate);
}
