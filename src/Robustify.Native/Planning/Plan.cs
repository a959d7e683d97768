using System.Diagnostics;
using System.Globalization;
using Robustify.Kernels;
using Robustify.Kernels.Backends;
using Robustify.Kernels.Memory;
using Robustify.Kernels.Tensors;
using Robustify.Native.Graph;

namespace Robustify.Native.Planning;

/// <summary>
/// A graph with memory: every value has its place, so a step is a walk over the nodes that allocates nothing. The size of the arena is
/// known before it is taken.
/// </summary>
public sealed class Plan : IDisposable
{
    private readonly Node[] preparation;
    private readonly Node[] nodes;
    private readonly Stretch[] stretches, frozenStretches, tunedStretches;
    private readonly Dictionary<Value, long> offsets;
    private DeviceBuffer? arena;
    private bool isPrepared;

    /// <summary>Plans the graph; takes no memory yet.</summary>
    public Plan(GraphBuilder graph)
    {
        preparation = [.. graph.Preparation];
        nodes = [.. graph.Nodes];
        stretches = [.. Stretch.Of(nodes)];
        Cut = FrozenCut.Of(graph);
        frozenStretches = [.. Stretch.Of(Cut?.Frozen ?? [])];
        tunedStretches = [.. Stretch.Of(Cut?.Tuned ?? [])];
        (offsets, ArenaBytes) = LivenessPlanner.Place(graph.Values, nodes);
        MultiplyAdds = Sum(nodes);
        (FrozenMultiplyAdds, TunedMultiplyAdds) = (Sum(Cut?.Frozen ?? []), Sum(Cut?.Tuned ?? []));
    }

    /// <summary>The two parts of the step; null where it was not cut.</summary>
    internal FrozenCut? Cut { get; }

    /// <summary>What <see cref="RunFrozen"/> multiplies and adds.</summary>
    internal MultiplyAdds FrozenMultiplyAdds { get; }

    /// <summary>What <see cref="RunTuned"/> multiplies and adds.</summary>
    internal MultiplyAdds TunedMultiplyAdds { get; }

    /// <summary>Bytes the step needs beside parameters and gradients.</summary>
    public long ArenaBytes { get; }

    /// <summary>What one step multiplies and adds.</summary>
    public MultiplyAdds MultiplyAdds { get; }

    /// <summary>
    /// How long steps computed, by what for; only where a device has done its work when a call returns. Two looks at the clock for each of a
    /// handful of stretches are all it costs.
    /// </summary>
    public PhaseClock Phases { get; } = new();

    /// <summary>Takes the memory and gives every value its place.</summary>
    /// <param name="target">Whose memory; null for the process's own.</param>
    /// <exception cref="RobustifyException">The device has not that much memory.</exception>
    public Plan Allocate(ComputeTarget? target = null)
    {
        arena = (target ?? ComputeTarget.Host).Allocate(ArenaBytes, "step memory");
        foreach (var (value, offset) in offsets)
            value.View = arena.View(offset, value.Shape, value.Type);
        return this;
    }

    /// <summary>Refuses a plan that the device's memory cannot hold, before any of it is taken.</summary>
    /// <param name="batchSize">The batch it is for.</param>
    /// <param name="otherBytes">What else the run will take beside it.</param>
    /// <param name="target">Whose memory; null for the process's own.</param>
    /// <exception cref="RobustifyException">Names what is planned, what there is, and the largest batch that would fit.</exception>
    public Plan RequireMemory(int batchSize, long otherBytes, ComputeTarget? target = null)
    {
        long free = (target ?? ComputeTarget.Host).AvailableBytes, available = free - otherBytes;
        if (ArenaBytes <= available)
            return this;
        long largest = Math.Max(0, (long)(batchSize * ((double)available / ArenaBytes)));
        throw new RobustifyException(string.Create(
            CultureInfo.InvariantCulture,
            $"batch {batchSize}: {Mebibytes(ArenaBytes + otherBytes)} wanted, {Mebibytes(ArenaBytes)} planned for a step and {Mebibytes(otherBytes)} beside it, but the device has {Mebibytes(free)} free; ")
            + (largest > 0 ? $"the largest batch that fits is about {largest}" : "no batch fits, so use a smaller model"));
    }

    /// <summary>Computes one step: forward, and backward where the graph has it.</summary>
    public void Run(IBackend backend) => Run(backend, nodes, stretches);

    /// <summary>Computes the cut values alone.</summary>
    internal void RunFrozen(IBackend backend) => Run(backend, Cut!.Frozen, frozenStretches);

    /// <summary>Computes the rest of the step from cut values that were given.</summary>
    internal void RunTuned(IBackend backend) => Run(backend, Cut!.Tuned, tunedStretches);

    private void Run(IBackend backend, Node[] part, Stretch[] parts)
    {
        Prepare(backend);
        if (!backend.IsHostMemory)
        {
            foreach (var node in part)
                node.Execute(backend);
            return;
        }

        long start = Stopwatch.GetTimestamp();
        foreach (var (phase, first, end) in parts)
        {
            for (int i = first; i < end; i++)
                part[i].Execute(backend);
            start = Phases.Add(phase, start);
        }
    }

    /// <summary>
    /// Computes one step and looks at every float result right after it is written.
    /// </summary>
    /// <returns>The name of the first tensor that holds a NaN or an infinity; null where all are finite.</returns>
    public string? RunSearchingNonFinite(IBackend backend) => RunSearchingNonFinite(backend, nodes);

    /// <summary>The same for the part after the cut.</summary>
    internal string? RunTunedSearchingNonFinite(IBackend backend) => RunSearchingNonFinite(backend, Cut!.Tuned);

    private string? RunSearchingNonFinite(IBackend backend, Node[] part)
    {
        Prepare(backend);
        foreach (var node in part)
        {
            node.Execute(backend);
            foreach (var output in node.Outputs)
            {
                if (!IsFinite(backend, output))
                    return output.Name;
            }
        }

        return null;
    }

    /// <inheritdoc/>
    public void Dispose() => arena?.Dispose();

    private static MultiplyAdds Sum(Node[] nodes) => nodes.Aggregate(default(MultiplyAdds), (sum, node) => sum + node.MultiplyAdds);

    private static string Mebibytes(long bytes) => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1048576.0:F0} MiB");

    private static bool IsFinite(IBackend backend, Value value)
    {
        if (value.Type is not (DType.Float32 or DType.BFloat16))
            return true;
        using var copy = new NativeBuffer(value.Shape.Count * value.Type.Size(), "the search for a NaN");
        var onHost = copy.View(0, value.Shape, value.Type);
        if (value.Type == DType.Float32)
            return IsFinite(backend, value.View, onHost.Span);
        // The exponent's bits of BFloat16 are all set in infinities and NaNs alone.
        var bits = onHost.Halves;
        backend.Download(value.View, bits);
        foreach (ushort x in bits)
        {
            if ((x & 0x7f80) == 0x7f80)
                return false;
        }

        return true;
    }

    private static bool IsFinite(IBackend backend, TensorView view, Span<float> onHost)
    {
        backend.Download(view, onHost);
        foreach (float x in onHost)
        {
            if (!float.IsFinite(x))
                return false;
        }

        return true;
    }

    /// <summary>Does once what every step finds done.</summary>
    private void Prepare(IBackend backend)
    {
        if (isPrepared)
            return;
        foreach (var node in preparation)
            node.Execute(backend);
        isPrepared = true;
    }

    /// <summary>Nodes one after the other whose time is counted as the same.</summary>
    private readonly record struct Stretch(WorkPhase Phase, int First, int End)
    {
        public static IEnumerable<Stretch> Of(Node[] nodes)
        {
            for (int first = 0, end; first < nodes.Length; first = end)
            {
                for (end = first + 1; end < nodes.Length && nodes[end].Phase == nodes[first].Phase; end++)
                {
                }

                yield return new Stretch(nodes[first].Phase, first, end);
            }
        }
    }
}
