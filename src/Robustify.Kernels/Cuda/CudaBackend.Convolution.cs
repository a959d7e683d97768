using Robustify.Kernels.Backends;
using Robustify.Kernels.Tensors;

namespace Robustify.Kernels.Cuda;

internal sealed partial class CudaBackend
{
    /// <inheritdoc cref="IBackend.Convolution"/>
    public void Convolution(TensorView x, TensorView weight, TensorView y, ConvolutionGeometry geometry)
    {
        if (ConvolutionTiles.IsPointwise(geometry))
        {
            Multiply(MatrixOperand.Of(x), Filters(weight) with { Transposed = true }, MatrixOperand.Of(y), false);
            return;
        }

        var tiles = new ConvolutionTiles(x.Shape, y.Shape, geometry, x.Type, FlatGeometry.Aligned(x, weight, y));
        (string kernel, var launch) = tiles.Forward();
        LaunchConvolution(kernel, launch, tiles.Operations, x, weight, y, x.Shape, y.Shape, geometry, false);
    }

    /// <inheritdoc cref="IBackend.ConvolutionInputGradient"/>
    public void ConvolutionInputGradient(TensorView dy, TensorView weight, TensorView dx, ConvolutionGeometry geometry, bool accumulate)
    {
        if (ConvolutionTiles.IsPointwise(geometry))
        {
            Multiply(MatrixOperand.Of(dy), Filters(weight), MatrixOperand.Of(dx), accumulate);
            return;
        }

        var tiles = new ConvolutionTiles(dx.Shape, dy.Shape, geometry, dy.Type, FlatGeometry.Aligned(dy, weight, dx));
        (string kernel, var launch) = tiles.InputGradient();
        LaunchConvolution(kernel, launch, tiles.Operations, dy, weight, dx, dx.Shape, dy.Shape, geometry, accumulate);
    }

    /// <inheritdoc cref="IBackend.ConvolutionWeightGradient"/>
    public void ConvolutionWeightGradient(TensorView dy, TensorView x, TensorView dweight, ConvolutionGeometry geometry, bool accumulate)
    {
        if (ConvolutionTiles.IsPointwise(geometry))
        {
            Multiply(MatrixOperand.TransposeOf(dy), MatrixOperand.Of(x), Filters(dweight), accumulate);
            return;
        }

        var tiles = new ConvolutionTiles(x.Shape, dy.Shape, geometry, x.Type, FlatGeometry.Aligned(dy, x));
        (string kernel, var launch) = tiles.WeightGradient();
        long count = dweight.Shape.Count, partialBytes = launch.GridZ * count * sizeof(float);
        nint partial = Scratch(partialBytes);
        var (s, o) = (x.Shape, dy.Shape);
        Launch(
            kernel, launch, new(Bytes(dy) + Bytes(x) + partialBytes, tiles.Operations), dy, x, partial, s[0], s[1], s[2], s[3], o[1], o[2], o[3],
            geometry.Kernel, geometry.Stride, geometry.Padding);
        Launch(
            "convolution_split_total_f32", FlatGeometry.For(count, DType.Float32), new(partialBytes + Bytes(dweight), launch.GridZ * count), partial,
            dweight, count, (int)launch.GridZ, accumulate);
    }

    /// <summary>A weight [outputs, kernel, kernel, channels] as the matrix of its outputs.</summary>
    private static MatrixOperand Filters(TensorView weight)
    {
        int outputs = weight.Shape[0], depth = (int)(weight.Shape.Count / outputs);
        return new(weight.Pointer, weight.Type, outputs, depth, depth);
    }

    private void LaunchConvolution(
        string kernel, in LaunchGeometry launch, long operations, TensorView source, TensorView weight, TensorView destination, Shape x, Shape y,
        ConvolutionGeometry geometry, bool accumulate) => Launch(
        kernel, launch, new(Bytes(source) + Bytes(weight) + Bytes(destination) * (accumulate ? 2 : 1), operations), source, weight, destination,
        x[0], x[1], x[2], x[3], y[1], y[2], y[3], geometry.Kernel, geometry.Stride, geometry.Padding, accumulate);
}
