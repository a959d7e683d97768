using Robustify.Kernels.Backends;
using Robustify.Kernels;
using Robustify.Native.Graph;
using Robustify.Native.Planning;

namespace Robustify.Native.Training;

/// <summary>The memory of a training step, refused in time where there is not enough.</summary>
internal static class StepMemory
{
    // Moments of AdamW, each as large as the gradients.
    private const int OptimizerCopies = 2;

    /// <summary>Takes the plan's memory.</summary>
    /// <exception cref="RobustifyException">Names what is planned, what there is, and the largest batch that fits.</exception>
    public static void Take(Plan plan, int batchSize, ParameterStore parameters, ComputeTarget? target)
    {
        bool isDevice = target?.Backend is { IsHostMemory: false };
        // On the CPU parameters and gradients are part of what the machine has; on a device they are taken already.
        long other = OptimizerCopies * parameters.GradientBytes + (isDevice ? 0 : parameters.Bytes);
        plan.RequireMemory(batchSize, other, target).Allocate(target);
    }
}
