using System.Runtime.Intrinsics;
using Robustify.Kernels.Cpu.Convolutions;
using Robustify.Kernels.Cpu.Depthwise;
using Robustify.Kernels.Cpu.Simd;
using Robustify.Kernels.Tensors;

namespace Robustify.Kernels.Cpu;

public sealed unsafe partial class CpuBackend
{
    /// <inheritdoc/>
    public void DepthwiseConvolution(TensorView x, TensorView weight, TensorView bias, TensorView y) =>
        ConvolveDepthwise(x, weight, bias.Floats, turned: false, y, accumulate: false);

    /// <inheritdoc/>
    public void DepthwiseConvolutionInputGradient(TensorView dy, TensorView weight, TensorView dx, bool accumulate) =>
        ConvolveDepthwise(dy, weight, null, turned: true, dx, accumulate);

    /// <inheritdoc/>
    public void DepthwiseConvolutionWeightGradient(TensorView dy, TensorView x, TensorView dweight, bool accumulate)
    {
        if (Vector512.IsHardwareAccelerated)
            SumDepthwiseWeight<Lanes512, Vector512<float>>(dy, x, dweight, accumulate);
        else if (Vector256.IsHardwareAccelerated)
            SumDepthwiseWeight<Lanes256, Vector256<float>>(dy, x, dweight, accumulate);
        else
            SumDepthwiseWeight<Lanes128, Vector128<float>>(dy, x, dweight, accumulate);
    }

    private void ConvolveDepthwise(TensorView source, TensorView weight, float* bias, bool turned, TensorView destination, bool accumulate)
    {
        var tiling = new DepthwiseTiling(source.Shape, weight.Shape[1]);
        float* filters = SharedScratch((long)tiling.Blocks * DepthwiseFilters.BlockFloats(tiling.Kernel));
        DepthwiseFilters.Pack(tiling, weight.Floats, bias, turned, filters);
        ReserveWorkerScratch(tiling.CopyFloats);
        if (Vector512.IsHardwareAccelerated)
            Convolve<Lanes512, Vector512<float>>();
        else if (Vector256.IsHardwareAccelerated)
            Convolve<Lanes256, Vector256<float>>();
        else
            Convolve<Lanes128, Vector128<float>>();

        void Convolve<TLanes, TVector>()
            where TLanes : ILanes<TVector>
            where TVector : struct => new DepthwiseSums<TLanes, TVector>
            {
                Tiling = tiling, Source = source.Floats, Filters = filters, Destination = destination.Floats, Accumulate = accumulate,
                Scratch = workerPointers,
            }.Run(threads);
    }

    private void SumDepthwiseWeight<TLanes, TVector>(TensorView dy, TensorView x, TensorView dweight, bool accumulate)
        where TLanes : ILanes<TVector>
        where TVector : struct
    {
        var tiling = new DepthwiseTiling(x.Shape, dweight.Shape[1]);
        var sums = new DepthwiseWeightSums<TLanes, TVector>(tiling, dy.Floats, x.Floats, workerPointers);
        ReserveWorkerScratch(sums.WorkerFloats);
        float* partial = SharedScratch(sums.PartialFloats);
        sums.Run(threads, partial);
        new WeightGradientTotal
        {
            Partial = partial, Destination = dweight.Floats, Parts = sums.Parts, Depth = tiling.Kernel * tiling.Kernel,
            PaddedOutputs = tiling.PaddedChannels, Outputs = tiling.Channels, Accumulate = accumulate,
        }.Run(threads);
    }
}
