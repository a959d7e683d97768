using Robustify.Kernels.Backends;
using Robustify.Kernels.Cpu;

namespace Robustify.Native.Runs;

/// <summary>What every run works with.</summary>
/// <param name="Backend">The device.</param>
/// <param name="Threads">The crew for work beside the graph, such as corrupting images.</param>
/// <param name="Progress">Where it tells how far it is.</param>
/// <param name="Cancellation">Asks it to stop between two steps.</param>
/// <param name="Message">Takes one line for people, such as the planned memory.</param>
public sealed record RunContext(
    IBackend Backend, CpuThreads Threads, IProgressSink Progress, CancellationToken Cancellation, Action<string> Message)
{
    /// <summary>What plans compute in.</summary>
    public Precision Precision { get; init; }

    /// <summary>Where tensors lie and in what precision plans compute.</summary>
    public ComputeTarget Target => new(Backend, Precision);

    /// <summary>Threads that compute, and as many that prepare data.</summary>
    public int Workers => Threads.Count;
}
