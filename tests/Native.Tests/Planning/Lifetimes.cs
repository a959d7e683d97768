using Robustify.Native.Graph;

namespace Robustify.Native.Tests.Planning;

/// <summary>When each value of a graph holds something, worked out from the nodes alone.</summary>
internal static class Lifetimes
{
    /// <summary>First and last node that touches the value, for every value in the arena; inputs and results live throughout.</summary>
    public static List<(Value Value, int First, int Last)> Of(GraphBuilder graph)
    {
        var found = new List<(Value, int, int)>();
        var touches = new Dictionary<Value, (int First, int Last)>();
        for (int i = 0; i < graph.Nodes.Count; i++)
        {
            foreach (var value in graph.Nodes[i].Inputs.Concat(graph.Nodes[i].Outputs))
                touches[value] = (touches.TryGetValue(value, out var t) ? t.First : i, i);
        }

        foreach (var value in graph.Values)
        {
            if (value.Kind is ValueKind.Input or ValueKind.Result)
                found.Add((value, 0, graph.Nodes.Count - 1));
            else if (touches.TryGetValue(value, out var t))
                found.Add((value, t.First, t.Last));
        }

        return found;
    }

    /// <summary>Pairs of which the second may take the place of the first, in the one node that they share.</summary>
    public static HashSet<(Value Input, Value Output)> InPlace(GraphBuilder graph) => [.. graph.Nodes.Select(n => n.InPlace).OfType<(Value, Value)>()];

    /// <summary>Bytes alive at the worst moment: no arena can be smaller.</summary>
    public static long LowerBound(GraphBuilder graph)
    {
        long[] alive = new long[graph.Nodes.Count];
        foreach (var (value, first, last) in Of(graph))
        {
            bool isReplaced = graph.Nodes[last].InPlace is var (input, output) && input == value && output.Kind == ValueKind.Activation;
            for (int i = first; i <= (isReplaced ? last - 1 : last); i++)
                alive[i] += value.AlignedBytes;
        }

        return alive.Max();
    }
}
