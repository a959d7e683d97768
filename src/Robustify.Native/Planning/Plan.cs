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
    private readonly Node[] nodes;
    private readonly Dictionary<Value, long> offsets;
    private NativeBuffer? arena;

    /// <summary>Plans the graph; takes no memory yet.</summary>
    public Plan(GraphBuilder graph)
    {
        nodes = [.. graph.Nodes];
        (offsets, ArenaBytes) = LivenessPlanner.Place(graph.Values, nodes);
    }

    /// <summary>Bytes the step needs beside parameters and gradients.</summary>
    public long ArenaBytes { get; }

    /// <summary>Takes the memory and gives every value its place.</summary>
    /// <exception cref="RobustifyException">The system has not that much memory.</exception>
    public Plan Allocate()
    {
        arena = new NativeBuffer(ArenaBytes, "step memory");
        foreach (var (value, offset) in offsets)
            value.View = arena.View(offset, value.Shape, value.Type);
        return this;
    }

    /// <summary>Refuses a plan that the machine's memory cannot hold, before any of it is taken.</summary>
    /// <param name="batchSize">The batch it is for.</param>
    /// <param name="otherBytes">What parameters, gradients and optimizer take beside it.</param>
    /// <exception cref="RobustifyException">Names what is needed, what there is, and the largest batch that would fit.</exception>
    public Plan RequireMemory(int batchSize, long otherBytes)
    {
        long available = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes - otherBytes;
        if (ArenaBytes <= available)
            return this;
        long largest = Math.Max(0, (long)(batchSize * ((double)available / ArenaBytes)));
        throw new RobustifyException(
            $"batch {batchSize}: a step needs {ArenaBytes / 1048576.0:F0} MiB beside {otherBytes / 1048576.0:F0} MiB of parameters, more than this machine has; "
            + (largest > 0 ? $"the largest batch that fits is about {largest}" : "no batch fits, so use a smaller model"));
    }

    /// <summary>Computes one step: forward, and backward where the graph has it.</summary>
    public void Run(IBackend backend)
    {
        foreach (var node in nodes)
            node.Execute(backend);
    }

    /// <summary>
    /// Computes one step and looks at every float result right after it is written.
    /// </summary>
    /// <returns>The name of the first tensor that holds a NaN or an infinity; null where all are finite.</returns>
    public string? RunSearchingNonFinite(IBackend backend)
    {
        foreach (var node in nodes)
        {
            node.Execute(backend);
            foreach (var output in node.Outputs)
            {
                if (output.Type == DType.Float32 && !IsFinite(output.View))
                    return output.Name;
            }
        }

        return null;
    }

    /// <inheritdoc/>
    public void Dispose() => arena?.Dispose();

    private static bool IsFinite(TensorView view)
    {
        foreach (float x in view.Span)
        {
            if (!float.IsFinite(x))
                return false;
        }

        return true;
    }
}
