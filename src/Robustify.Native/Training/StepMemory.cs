using Robustify.Kernels.Backends;
using Robustify.Kernels;
using Robustify.Native.Graph;
using Robustify.Native.Planning;

namespace Robustify.Native.Training;

/// <summary>The memory of a training step, refused in time where there is not enough.</summary>
internal static class StepMemory
{
    // As much again as parameters and gradients (CPU, where these are part of what the machine has), or as gradients (a device, where the
    // others are taken already): for an optimizer of two moments.
    private const int OptimizerCopies = 2;

    /// <summary>Takes the plan's memory.</summary>
    /// <exception cref="RobustifyException">Names what is planned, what there is, and the largest batch that fits.</exception>
    public static void Take(Plan plan, int batchSize, ParameterStore parameters, ComputeTarget? target)
    {
        bool isDevice = target?.Backend is { IsHostMemory: false };
        long other = OptimizerCopies * (isDevice ? parameters.GradientBytes : parameters.Bytes);
        plan.RequireMemory(batchSize, other, target).Allocate(target);
    }
}
