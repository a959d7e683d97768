using Robustify.Native.Graph;

namespace Robustify.Native.Planning;

/// <summary>
/// A step's nodes in two parts: those that lead to values which no trained tensor lies before and which were cut, and those that the rest of
/// the step needs where the cut values are given. Each part keeps the order of the whole, so both find the arena as the whole step would.
/// </summary>
internal sealed class FrozenCut
{
    private FrozenCut(Node[] frozen, Node[] tuned, IReadOnlyList<Value> outputs) => (Frozen, Tuned, Outputs) = (frozen, tuned, outputs);

    /// <summary>What computes the cut values.</summary>
    public Node[] Frozen { get; }

    /// <summary>What computes the step from them.</summary>
    public Node[] Tuned { get; }

    /// <summary>The cut values, in the order they were cut.</summary>
    public IReadOnlyList<Value> Outputs { get; }

    /// <summary>Whether the second part reads a value that is neither cut nor computed in it.</summary>
    public bool TunedReads(Value value) => Tuned.Any(node => node.Inputs.Contains(value));

    /// <summary>Divides a graph; null where nothing was cut.</summary>
    public static FrozenCut? Of(GraphBuilder graph)
    {
        if (graph.CutValues.Count == 0)
            return null;
        var nodes = graph.Nodes;
        var cut = graph.CutValues.ToHashSet();
        var frozen = Ancestors(nodes, cut, []);
        var tuned = nodes.Where(node => !frozen.Contains(node)).ToHashSet();
        // What both need, such as images in another type, belongs to both.
        tuned.UnionWith(Ancestors(nodes, [.. tuned.SelectMany(node => node.Inputs).Where(value => !cut.Contains(value))], cut));
        return new FrozenCut([.. nodes.Where(frozen.Contains)], [.. nodes.Where(tuned.Contains)], graph.CutValues);
    }

    /// <summary>The nodes that the values are computed by, backwards until <paramref name="given"/> ones.</summary>
    private static HashSet<Node> Ancestors(IReadOnlyList<Node> nodes, HashSet<Value> wanted, HashSet<Value> given)
    {
        var found = new HashSet<Node>();
        var needed = new HashSet<Value>(wanted);
        for (int i = nodes.Count - 1; i >= 0; i--)
        {
            if (!nodes[i].Outputs.Any(needed.Contains))
                continue;
            found.Add(nodes[i]);
            needed.UnionWith(nodes[i].Inputs.Where(value => !given.Contains(value)));
        }

        return found;
    }
}
