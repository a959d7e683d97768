using System.Diagnostics;
using Robustify.Kernels.Backends;
using Robustify.Kernels.Cuda;
using Robustify.Kernels.Cuda.Profiling;
using Robustify.Native.Planning;

namespace Robustify.Native.Workflows.Profiling;

/// <summary>
/// Times a work on a device. First operation by operation, with an event before and after each launch; then as a whole, captured where it can be, as training
/// runs it. The first number explains the second.
/// </summary>
internal static class ProfileWorkflow
{
    // Enough for the median to mean something when a run takes seconds.
    private const int LeastRuns = 5;

    // A run shorter than this is timed in groups: the host's wait costs some microseconds.
    private const double GroupSeconds = 0.005;

    /// <summary>Runs the profile.</summary>
    /// <param name="work">As <see cref="DeviceWorkCatalog"/> names it.</param>
    /// <param name="batch">Images a run.</param>
    /// <param name="target">Device and precision.</param>
    /// <param name="seconds">How long the whole is timed.</param>
    /// <param name="ceilingSide">Side of the product that the ceilings are measured with; 0 measures none.</param>
    /// <param name="cancellation">Ends it between two runs.</param>
    public static WorkProfile Run(string work, int batch, ComputeTarget target, double seconds, int ceilingSide, CancellationToken cancellation)
    {
        var backend = target.Backend!;
        using var device = DeviceWorkCatalog.Create(work, batch, target);
        var ceilings = ceilingSide > 0 && backend is CudaBackend ? DeviceCeilings.Measure(target, ceilingSide) : default;
        // The first run times products and sizes scratch.
        device.Run();
        device.Run();
        backend.Synchronize();
        var launches = Launches(backend, device);
        return new WorkProfile(work, batch, 1000 * Median(backend, device, seconds, cancellation), KernelSummary.Of(launches), launches, ceilings);
    }

    private static LaunchSample[] Launches(IBackend backend, DeviceWork device)
    {
        if (backend is not CudaBackend cuda)
            return [];
        cuda.BeginProfile();
        device.Run();
        return cuda.EndProfile();
    }

    private static double Median(IBackend backend, DeviceWork device, double seconds, CancellationToken cancellation)
    {
        using var repeated = new RepeatedWork(backend, device.Run);
        Action run = device.CanBeCaptured ? repeated.Run : device.Run;
        run();
        run();
        double one = Seconds(backend, run, 1);
        int group = Math.Clamp((int)(GroupSeconds / one), 1, 1000);
        var times = new List<double>();
        long start = Stopwatch.GetTimestamp();
        while (times.Count < LeastRuns || Stopwatch.GetElapsedTime(start).TotalSeconds < seconds)
        {
            cancellation.ThrowIfCancellationRequested();
            times.Add(Seconds(backend, run, group) / group);
        }

        times.Sort();
        return times[times.Count / 2];
    }

    private static double Seconds(IBackend backend, Action once, int runs)
    {
        backend.Synchronize();
        long start = Stopwatch.GetTimestamp();
        for (int run = 0; run < runs; run++)
            once();
        backend.Synchronize();
        return Math.Max(Stopwatch.GetElapsedTime(start).TotalSeconds, 1e-9);
    }
}
