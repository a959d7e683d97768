using Robustify.Kernels.Backends;
using Robustify.Kernels.Cpu;
using Robustify.Kernels.Memory;
using Robustify.Kernels.Tensors;

namespace Robustify.Kernels.Tests.Cpu;

/// <summary>The operations at the end of a step with their numbers given directly, for tests of one step alone.</summary>
internal static class OptimizerCalls
{
    /// <summary>The sum by itself.</summary>
    public static double SumOfSquares(this CpuBackend backend, TensorView x)
    {
        using var memory = new NativeBuffer(sizeof(double), "sum");
        var sum = memory.View(0, new Shape(1), DType.Float64);
        backend.SumOfSquares(x, sum, accumulate: false);
        return backend.DownloadScalar<double>(sum);
    }

    public static void SgdStep(
        this CpuBackend backend, TensorView x, TensorView gradient, TensorView velocity, float rate, SgdStepOptions options, bool first)
    {
        using var memory = new NativeBuffer(16, "constants");
        backend.SgdStep(x, gradient, velocity, Constants(backend, memory, OptimizerConstants.ForSgd(rate, first ? 1 : 2)), default, in options);
    }

    public static void AdamWStep(
        this CpuBackend backend, TensorView x, TensorView gradient, TensorView first, TensorView second, float rate, AdamWStepOptions options, long step)
    {
        using var memory = new NativeBuffer(16, "constants");
        var constants = OptimizerConstants.ForAdamW(rate, options.Beta1, options.Beta2, step);
        backend.AdamWStep(x, gradient, first, second, Constants(backend, memory, constants), default, in options);
    }

    private static TensorView Constants(CpuBackend backend, NativeBuffer memory, OptimizerConstants constants)
    {
        var view = memory.View(0, new Shape(OptimizerConstants.Floats));
        backend.Upload<float>([constants.Rate, constants.AdamStepSize, constants.AdamRootScale, constants.FirstStep], view);
        return view;
    }
}
