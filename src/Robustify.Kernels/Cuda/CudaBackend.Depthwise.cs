using Robustify.Kernels.Backends;
using Robustify.Kernels.Tensors;

namespace Robustify.Kernels.Cuda;

internal sealed partial class CudaBackend
{
    // As in depthwise.cuh: positions of a thread, and taps of a filter's row that it sums.
    private const int DepthwiseRun = 4;
    private const int DepthwiseTaps = 7;

    /// <inheritdoc cref="IBackend.DepthwiseConvolution"/>
    public void DepthwiseConvolution(TensorView x, TensorView weight, TensorView bias, TensorView y) =>
        ConvolveDepthwise(x, weight, bias, turned: false, y, accumulate: false);

    /// <inheritdoc cref="IBackend.DepthwiseConvolutionInputGradient"/>
    public void DepthwiseConvolutionInputGradient(TensorView dy, TensorView weight, TensorView dx, bool accumulate) =>
        ConvolveDepthwise(dy, weight, default, turned: true, dx, accumulate);

    /// <inheritdoc cref="IBackend.DepthwiseConvolutionWeightGradient"/>
    public void DepthwiseConvolutionWeightGradient(TensorView dy, TensorView x, TensorView dweight, bool accumulate)
    {
        var s = x.Shape;
        int kernel = dweight.Shape[1], sets = kernel * ((kernel + DepthwiseTaps - 1) / DepthwiseTaps);
        // Four channels a thread in either type: eight would take more shared memory than a block has without asking.
        var geometry = new ColumnGeometry(s.Rows, s[3], DType.Float32, FlatGeometry.Aligned(dy, x));
        long partialBytes = geometry.PartialBytes(sets * DepthwiseTaps);
        nint partial = Scratch(partialBytes);
        Launch(
            Named(x, "depthwise_weight_sums_f32", "depthwise_weight_sums_bf16"), geometry.Launch with { GridZ = (uint)sets },
            new(kernel * (Bytes(dy) + Bytes(x)) + partialBytes, 2L * kernel * kernel * s.Count), dy, x, partial, s.Rows, s[1], s[2], s[3], kernel,
            geometry.Wide);
        Launch(
            "depthwise_weight_total_f32", FlatGeometry.For(dweight.Shape.Count, DType.Float32), new(partialBytes + Bytes(dweight), partialBytes / sizeof(float)),
            partial, dweight, geometry.Chunks, s[3], kernel, accumulate);
    }

    private void ConvolveDepthwise(TensorView source, TensorView weight, TensorView bias, bool turned, TensorView destination, bool accumulate)
    {
        var s = source.Shape;
        int kernel = weight.Shape[1], taps = kernel * kernel;
        nint rows = Scratch(Bytes(weight));
        Launch(
            "depthwise_filter_rows_f32", FlatGeometry.For(weight.Shape.Count, DType.Float32), new(2 * Bytes(weight), 0), weight, rows, s[3], taps, turned);
        Launch(
            Named(source, "depthwise_convolution_f32", "depthwise_convolution_bf16"), FlatGeometry.For((s.Count + DepthwiseRun - 1) / DepthwiseRun, source.Type),
            new(Bytes(source) + Bytes(destination) * (accumulate ? 2 : 1), 2L * taps * s.Count), source, rows, bias, destination, (long)s[0] * s[1],
            s[1], s[2], s[3], kernel, accumulate);
    }
}
