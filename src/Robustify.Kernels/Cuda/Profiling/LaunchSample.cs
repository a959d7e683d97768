namespace Robustify.Kernels.Cuda.Profiling;

/// <summary>One launch as the device ran it.</summary>
/// <param name="Name">Kernel, product or copy.</param>
/// <param name="StartMilliseconds">Device time since the profile began.</param>
/// <param name="Milliseconds">Device time it took.</param>
/// <param name="Cost">What it had to do at least.</param>
internal readonly record struct LaunchSample(string Name, double StartMilliseconds, double Milliseconds, LaunchCost Cost);
