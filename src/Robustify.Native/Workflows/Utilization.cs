using Robustify.Kernels.Backends;
using Robustify.Native.Graph;
using Robustify.Native.Training;
using Robustify.Native.Workflows.Profiling;

namespace Robustify.Native.Workflows;

/// <summary>How much of what the device can do a training run does: its counted operations a second over those of a matrix product.</summary>
internal sealed class Utilization
{
    // Larger products are no faster on a CPU, and on no GPU by much; smaller ones do not fill a vector.
    private const int LargestOnHost = 512, LargestOnDevice = 4096, Smallest = 64;

    private readonly double ceiling;
    private readonly double flopsOfAnImage;

    /// <summary>Measures the ceiling: a few products of at most a step's operations, so it takes no longer than a few steps.</summary>
    public Utilization(ComputeTarget target, MultiplyAdds step, int batchSize)
    {
        double flops = step.ForwardFlops + step.BackwardFlops;
        int largest = target.Backend!.IsHostMemory ? LargestOnHost : LargestOnDevice;
        int side = (int)Math.Clamp(Math.Cbrt(flops / 2), Smallest, largest) / Smallest * Smallest;
        ceiling = 1e12 * DeviceCeilings.Measure(target, side).TeraflopsPerSecond;
        flopsOfAnImage = flops / batchSize;
    }

    /// <summary>A share of 1.</summary>
    public double Of(TrainingRecord record) => record.ImagesPerSecond * flopsOfAnImage / ceiling;
}
