using Robustify.Kernels.Tensors;

namespace Robustify.Kernels.Backends;

/// <summary>
/// A two-dimensional convolution or pooling window on NHWC data: square kernel, one stride and one zero padding for both axes.
/// </summary>
public readonly record struct ConvolutionGeometry(int Kernel, int Stride, int Padding)
{
    /// <summary>Output side for an input side.</summary>
    public int OutputSide(int side) => (side + 2 * Padding - Kernel) / Stride + 1;

    /// <summary>[N, OH, OW, <paramref name="channels"/>] for an input [N, H, W, C].</summary>
    public Shape OutputShape(Shape input, int channels) => new(input[0], OutputSide(input[1]), OutputSide(input[2]), channels);
}
