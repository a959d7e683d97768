using Robustify.Native.Graph;

namespace Robustify.Native.Planning;

/// <summary>
/// Gives every activation a place in one arena such that values alive at the same time do not overlap: largest first, each at the lowest
/// free offset (the greedy-by-size strategy of Pisarchyk and Lee, arXiv 2001.03288).
/// </summary>
internal static class LivenessPlanner
{
    /// <summary>Offsets in bytes, and the size of the arena.</summary>
    public static (Dictionary<Value, long> Offsets, long Bytes) Place(IReadOnlyList<Value> values, IReadOnlyList<Node> nodes)
    {
        var lifetimes = Lifetimes(values, nodes);
        var placed = new List<(long Begin, long End, int First, int Last)>();
        var offsets = new Dictionary<Value, long>();
        long bytes = 0;
        foreach (var (value, (first, last)) in lifetimes.OrderByDescending(l => l.Key.AlignedBytes).ThenBy(l => l.Value.First))
        {
            long offset = 0;
            foreach (var other in placed.Where(p => p.First <= last && first <= p.Last).OrderBy(p => p.Begin))
            {
                if (other.Begin >= offset + value.AlignedBytes)
                    break;
                offset = Math.Max(offset, other.End);
            }

            offsets.Add(value, offset);
            placed.Add((offset, offset + value.AlignedBytes, first, last));
            bytes = Math.Max(bytes, offset + value.AlignedBytes);
        }

        return (offsets, bytes);
    }

    /// <summary>The first and the last node that touches each value. Inputs, constants and results live from before the step to after it.</summary>
    private static Dictionary<Value, (int First, int Last)> Lifetimes(IReadOnlyList<Value> values, IReadOnlyList<Node> nodes)
    {
        var lifetimes = new Dictionary<Value, (int First, int Last)>();
        foreach (var value in values.Where(v => v.Kind is ValueKind.Input or ValueKind.Result or ValueKind.Constant))
            lifetimes[value] = (-1, nodes.Count);
        for (int i = 0; i < nodes.Count; i++)
        {
            foreach (var value in nodes[i].Inputs.Concat(nodes[i].Outputs).Where(v => v.Kind == ValueKind.Activation))
                lifetimes[value] = lifetimes.TryGetValue(value, out var l) ? (l.First, i) : (i, i);
        }

        return lifetimes;
    }
}
