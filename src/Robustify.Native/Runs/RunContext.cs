using Robustify.Kernels.Cpu;

namespace Robustify.Native.Runs;

/// <summary>What every run works with.</summary>
/// <param name="Backend">The device.</param>
/// <param name="Progress">Where it tells how far it is.</param>
/// <param name="Cancellation">Asks it to stop between two steps.</param>
/// <param name="Message">Takes one line for people, such as the planned memory.</param>
public sealed record RunContext(CpuBackend Backend, IProgressSink Progress, CancellationToken Cancellation, Action<string> Message)
{
    /// <summary>Threads that compute, and as many that prepare data.</summary>
    public int Workers => Backend.Threads.Count;
}
