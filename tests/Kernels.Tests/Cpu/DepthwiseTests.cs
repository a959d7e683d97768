using Robustify.Kernels.Cpu;
using Robustify.Kernels.Tensors;

namespace Robustify.Kernels.Tests.Cpu;

public sealed class DepthwiseTests
{
    [Theory]
    [InlineData(2, 30, 61, 40)] // Two bands an image and two blocks of channels.
    [InlineData(37, 4, 5, 3)] // More images than partial sums.
    public void TheWorkerCountDoesNotChangeABit(int images, int height, int width, int channels)
    {
        using var tensors = new TestTensors(31);
        TensorView x = tensors.Normal(images, height, width, channels), dy = tensors.Normal(images, height, width, channels);
        TensorView weight = tensors.Normal(channels, 7, 7, 1), bias = tensors.Normal(channels);
        float[]? first = null;
        for (int workers = 1; workers <= 3; workers++)
        {
            using var crew = new CpuBackend(workers);
            TensorView y = tensors.Unwritten(images, height, width, channels), dx = tensors.Unwritten(images, height, width, channels);
            TensorView dweight = tensors.Unwritten(channels, 7, 7, 1), scaled = tensors.Unwritten(images, height, width, channels);
            var dscale = tensors.Unwritten(channels);
            crew.DepthwiseConvolution(x, weight, bias, y);
            crew.DepthwiseConvolutionInputGradient(dy, weight, dx, accumulate: false);
            crew.DepthwiseConvolutionWeightGradient(dy, x, dweight, accumulate: false);
            crew.LayerScale(x, bias, y, scaled);
            crew.LayerScaleParameterGradient(dy, x, dscale, accumulate: false);
            float[] results = [.. y.Span, .. dx.Span, .. dweight.Span, .. scaled.Span, .. dscale.Span];
            first ??= results;
            Expect.SameBits(first, results);
        }
    }
}
