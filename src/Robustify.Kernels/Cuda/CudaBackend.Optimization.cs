using Robustify.Kernels.Backends;
using Robustify.Kernels.Tensors;

namespace Robustify.Kernels.Cuda;

internal sealed partial class CudaBackend
{
    // Partial sums of squares: as many as fill any card once, whatever card it is, so that the sum is the same on all.
    private const int MostSquareBlocks = 1024;
    private const int SquareElementsPerBlock = 4096;

    /// <inheritdoc cref="IBackend.SumOfSquares"/>
    public void SumOfSquares(TensorView x, TensorView sum, bool accumulate)
    {
        long count = x.Shape.Count;
        int blocks = (int)Math.Clamp((count + SquareElementsPerBlock - 1) / SquareElementsPerBlock, 1, MostSquareBlocks);
        nint partial = Scratch((long)blocks * sizeof(double));
        Launch(
            "optimizer_squares_f32", new LaunchGeometry((uint)blocks, 1, 1, FlatGeometry.Threads), new(Bytes(x), 2 * count), x, partial, count);
        Launch(
            "optimizer_squares_total_f32", new LaunchGeometry(1, 1, 1, FlatGeometry.Threads), new((long)blocks * sizeof(double), blocks), partial,
            sum, blocks, accumulate);
    }

    /// <inheritdoc cref="IBackend.ClipToNorm"/>
    public void ClipToNorm(TensorView x, TensorView sum, double maximumNorm)
    {
        long count = x.Shape.Count;
        Launch(
            "optimizer_clip_f32", FlatGeometry.For(count, x.Type), new(2 * Bytes(x), count), x, sum,
            (float)Math.Min(maximumNorm, float.MaxValue), count);
    }

    /// <inheritdoc cref="IBackend.Scale"/>
    public void Scale(TensorView x, float factor)
    {
        long count = x.Shape.Count;
        Launch("elementwise_scale_f32", FlatGeometry.For(count, x.Type), new(2 * Bytes(x), count), x, factor, count);
    }

    /// <inheritdoc cref="IBackend.SgdStep"/>
    public void SgdStep(
        TensorView x, TensorView gradient, TensorView velocity, TensorView constants, TensorView sum, in SgdStepOptions options)
    {
        long count = x.Shape.Count;
        var kept = options.Momentum == 0 ? default : velocity;
        Launch(
            "optimizer_sgd_f32", FlatGeometry.For(count, x.Type), new((kept.IsAbsent ? 3 : 5) * Bytes(x), 7 * count), x, gradient, kept,
            constants, sum, count, options.Momentum, 1 - options.Dampening, options.WeightDecay, options.Nesterov);
    }

    /// <inheritdoc cref="IBackend.AdamWStep"/>
    public void AdamWStep(
        TensorView x, TensorView gradient, TensorView firstMoment, TensorView secondMoment, TensorView constants, TensorView sum,
        in AdamWStepOptions options)
    {
        long count = x.Shape.Count;
        Launch(
            "optimizer_adamw_f32", FlatGeometry.For(count, x.Type), new(7 * Bytes(x), 13 * count), x, gradient, firstMoment, secondMoment,
            constants, sum, count, options.Beta1, options.Beta2, (float)(1 - (double)options.Beta1), (float)(1 - (double)options.Beta2),
            options.WeightDecay, options.Epsilon);
    }
}
