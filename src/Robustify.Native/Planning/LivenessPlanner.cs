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
        var hosts = ShareInPlace(lifetimes, nodes);
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

        foreach (var (guest, host) in hosts)
            offsets.Add(guest, offsets[host]);
        return (offsets, bytes);
    }

    /// <summary>
    /// Lets outputs take the place of inputs that die where they are made. Their lifetimes become part of the first owner's, who is the
    /// host: a residual stream through a frozen trunk stays in one place.
    /// </summary>
    private static Dictionary<Value, Value> ShareInPlace(Dictionary<Value, (int First, int Last)> lifetimes, IReadOnlyList<Node> nodes)
    {
        var hosts = new Dictionary<Value, Value>();
        for (int i = 0; i < nodes.Count; i++)
        {
            if (nodes[i].InPlace is not var (input, output) || !Activations(input, output) || input.AlignedBytes != output.AlignedBytes)
                continue;
            var host = hosts.GetValueOrDefault(input, input);
            if (lifetimes[host].Last != i || lifetimes[output].First != i)
                continue;
            hosts.Add(output, host);
            lifetimes[host] = (lifetimes[host].First, lifetimes[output].Last);
            lifetimes.Remove(output);
        }

        return hosts;
    }

    private static bool Activations(Value input, Value output) => input.Kind == ValueKind.Activation && output.Kind == ValueKind.Activation;

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
