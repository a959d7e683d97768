using Robustify.Kernels.Cuda.Profiling;

namespace Robustify.Native.Workflows.Profiling;

/// <summary>What a profile found.</summary>
/// <param name="Work">Name of the work.</param>
/// <param name="Batch">Images a run stands for.</param>
/// <param name="Milliseconds">Median wall time of a run, captured where the device can.</param>
/// <param name="Kernels">Kernels by their time; empty on a device without a launch gate (CPU).</param>
/// <param name="Launches">The launches of one run in order.</param>
/// <param name="Ceilings">The device's best rates; zeros where they were not measured.</param>
internal sealed record WorkProfile(
    string Work, int Batch, double Milliseconds, KernelSummary[] Kernels, LaunchSample[] Launches, DeviceCeilings Ceilings)
{
    /// <summary>Images a second.</summary>
    public double ImagesPerSecond => Batch / Milliseconds * 1000;
}
