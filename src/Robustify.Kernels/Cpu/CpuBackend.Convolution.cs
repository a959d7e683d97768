using System.Runtime.Intrinsics;
using Robustify.Kernels.Backends;
using Robustify.Kernels.Cpu.Convolutions;
using Robustify.Kernels.Cpu.Simd;
using Robustify.Kernels.Tensors;

namespace Robustify.Kernels.Cpu;

public sealed unsafe partial class CpuBackend
{
    /// <inheritdoc/>
    public void Convolution(TensorView x, TensorView weight, TensorView y, ConvolutionGeometry geometry)
    {
        var filters = Filters.Forward(weight.Floats, y.Shape[3], x.Shape[3], geometry.Kernel);
        var grid = new CorrelationGrid
        {
            Source = x.Floats, Images = x.Shape[0], Height = x.Shape[1], Width = x.Shape[2], Channels = x.Shape[3],
            Rows = y.Shape[1], Columns = y.Shape[2], Step = geometry.Stride, FirstRow = -geometry.Padding, FirstColumn = -geometry.Padding,
            Destination = y.Floats, DestinationHeight = y.Shape[1], DestinationWidth = y.Shape[2], DestinationStep = 1, DestinationRow = 0,
            DestinationColumn = 0,
        };
        Correlate(grid, filters, accumulate: false);
    }

    /// <inheritdoc/>
    public void ConvolutionInputGradient(TensorView dy, TensorView weight, TensorView dx, ConvolutionGeometry geometry, bool accumulate)
    {
        // Input positions that lie alike between two windows meet the same taps: each such phase is a correlation of dy with stride 1.
        for (int rowPhase = 0; rowPhase < geometry.Stride; rowPhase++)
        {
            for (int columnPhase = 0; columnPhase < geometry.Stride; columnPhase++)
            {
                var filters = Filters.InputGradient(weight.Floats, dy.Shape[3], dx.Shape[3], geometry, rowPhase, columnPhase);
                var (firstRow, rows) = PhasePositions(dx.Shape[1], geometry, rowPhase);
                var (firstColumn, columns) = PhasePositions(dx.Shape[2], geometry, columnPhase);
                if (rows == 0 || columns == 0 || (accumulate && filters.Depth == 0))
                    continue;
                var grid = new CorrelationGrid
                {
                    Source = dy.Floats, Images = dy.Shape[0], Height = dy.Shape[1], Width = dy.Shape[2], Channels = dy.Shape[3],
                    Rows = rows, Columns = columns, Step = 1, FirstRow = firstRow - filters.TapRows + 1,
                    FirstColumn = firstColumn - filters.TapColumns + 1,
                    Destination = dx.Floats, DestinationHeight = dx.Shape[1], DestinationWidth = dx.Shape[2],
                    DestinationStep = geometry.Stride, DestinationRow = firstRow * geometry.Stride + rowPhase - geometry.Padding,
                    DestinationColumn = firstColumn * geometry.Stride + columnPhase - geometry.Padding,
                };
                Correlate(grid, filters, accumulate);
            }
        }
    }

    /// <inheritdoc/>
    public void ConvolutionWeightGradient(TensorView dy, TensorView x, TensorView dweight, ConvolutionGeometry geometry, bool accumulate)
    {
        if (Vector512.IsHardwareAccelerated)
            SumWeightGradient<Lanes512, Vector512<float>>(dy, x, dweight, geometry, accumulate);
        else if (Vector256.IsHardwareAccelerated)
            SumWeightGradient<Lanes256, Vector256<float>>(dy, x, dweight, geometry, accumulate);
        else
            SumWeightGradient<Lanes128, Vector128<float>>(dy, x, dweight, geometry, accumulate);
    }

    // The q for which q stride + phase is the padded coordinate of a position inside an axis of that many: the first, and how many.
    private static (int First, int Count) PhasePositions(int side, ConvolutionGeometry geometry, int phase)
    {
        int first = Math.Max(0, geometry.Padding - phase + geometry.Stride - 1) / geometry.Stride;
        int last = side - 1 + geometry.Padding - phase;
        return last < 0 ? (0, 0) : (first, Math.Max(0, last / geometry.Stride - first + 1));
    }

    private void Correlate(in CorrelationGrid grid, in Filters filters, bool accumulate)
    {
        if (Vector512.IsHardwareAccelerated)
            Correlate<Lanes512, Vector512<float>>(grid, filters, accumulate);
        else if (Vector256.IsHardwareAccelerated)
            Correlate<Lanes256, Vector256<float>>(grid, filters, accumulate);
        else
            Correlate<Lanes128, Vector128<float>>(grid, filters, accumulate);
    }

    private void Correlate<TLanes, TVector>(in CorrelationGrid grid, in Filters filters, bool accumulate)
        where TLanes : ILanes<TVector>
        where TVector : struct
    {
        float* panels = SharedScratch(FilterPanels.Floats(filters, TLanes.Width));
        new FilterPanels { Filters = filters, VectorWidth = TLanes.Width, Destination = panels }.Run(threads);
        var correlation = new Correlation<TLanes, TVector>(grid, filters, panels, accumulate, workerPointers);
        ReserveWorkerScratch(correlation.WorkerFloats);
        correlation.Run(threads);
    }

    private void SumWeightGradient<TLanes, TVector>(
        TensorView dy, TensorView x, TensorView dweight, ConvolutionGeometry geometry, bool accumulate)
        where TLanes : ILanes<TVector>
        where TVector : struct
    {
        var sums = new WeightGradientSums<TLanes, TVector>(dy, x, geometry, workerPointers);
        ReserveWorkerScratch(sums.WorkerFloats);
        float* partial = SharedScratch(sums.PartialFloats);
        sums.Run(threads, partial);
        new WeightGradientTotal
        {
            Partial = partial, Destination = dweight.Floats, Parts = sums.Parts, Depth = sums.Depth, PaddedOutputs = sums.PaddedOutputs,
            Outputs = dy.Shape[3], Accumulate = accumulate,
        }.Run(threads);
    }
}
