using Robustify.Kernels.Cuda.Profiling;

namespace Robustify.Kernels.Cuda;

internal sealed unsafe partial class CudaBackend
{
    /// <summary>What times the launches; null, and then of no cost, except while a profile is taken.</summary>
    private LaunchProfiler? profiler;

    /// <summary>From here on everything that passes the gate is timed.</summary>
    internal void BeginProfile()
    {
        device.Bind();
        profiler?.Dispose();
        profiler = new LaunchProfiler(driver, stream);
    }

    /// <summary>Ends the profile and returns what ran.</summary>
    internal LaunchSample[] EndProfile()
    {
        device.Bind();
        if (profiler is null)
            return [];
        try
        {
            return profiler.Collect();
        }
        finally
        {
            profiler.Dispose();
            profiler = null;
        }
    }

    private void Entering(string name, in LaunchCost cost)
    {
        if (profiler is not null && !isCapturing)
            profiler.Begin(name, cost);
    }

    private void Leaving()
    {
        if (profiler is not null && !isCapturing)
            profiler.End();
    }
}
