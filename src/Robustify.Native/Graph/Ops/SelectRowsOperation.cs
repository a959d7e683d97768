using Robustify.Kernels;
using Robustify.Kernels.Backends;
using Robustify.Kernels.Tensors;

namespace Robustify.Native.Graph.Ops;

/// <summary>Rows of a table by their numbers: embeddings of tokens, and the token of each sequence that its features are taken at.</summary>
public static class SelectRowsOperation
{
    /// <summary>
    /// The embeddings of token ids [N, T] (Int32): rows of table [vocabulary, D], in the type that the graph computes in; the result is
    /// [N, T, D]. An id outside the vocabulary gives NaN.
    /// </summary>
    public static Value Embed(this GraphBuilder graph, string name, Parameter table, Value ids)
    {
        if (table.Value.Shape.Rank != 2 || ids.Shape.Rank != 2 || ids.Type != DType.Int32)
            throw new RobustifyException($"embedding {name}: table {table.Value.Shape} and ids {ids.Shape} of {ids.Type} found, [V, D] and [N, T] of Int32 expected");
        var shape = new Shape(ids.Shape[0], ids.Shape[1], table.Value.Shape[1]);
        var y = graph.Activation(name, shape, table.Gradient is not null, graph.ComputeType);
        graph.Add(new Forward(graph.Weight(table, graph.ComputeType), table, ids, y));
        return y;
    }

    /// <summary>One token of each sequence: tokens [N, T, D] and rows [N] (Int32), counted through all sequences (n T + t), to [N, D].</summary>
    public static Value SelectTokens(this GraphBuilder graph, string name, Value tokens, Value rows)
    {
        var s = tokens.Shape;
        if (s.Rank != 3 || rows.Shape != new Shape(s[0]) || rows.Type != DType.Int32)
            throw new RobustifyException($"select tokens {name}: {s} and rows {rows.Shape} of {rows.Type} found, [N, T, D] and [N] of Int32 expected");
        var y = graph.Activation(name, new Shape(s[0], s[2]), tokens.RequiresGradient, tokens.Type);
        graph.Add(new Forward(tokens, null, rows, y));
        return y;
    }

    private sealed class Forward(Value table, Parameter? parameter, Value rows, Value y) : Node
    {
        private readonly Shape flat = new(table.Shape.Rows, table.Shape.Columns);

        public override IEnumerable<Value> Inputs => [table, rows];

        public override IEnumerable<Value> Outputs => [y];

        public override void Execute(IBackend backend) => backend.SelectRows(table.View.As(flat), rows.View, y.View);

        public override void Differentiate(GradientBuilder gradients)
        {
            var dy = gradients.Of(y);
            bool accumulate;
            var dtable = parameter is null ? gradients.Target(table, out accumulate) : gradients.Target(parameter, out accumulate);
            if (dtable is not null)
                gradients.Emit([dy, rows], [dtable], b => b.SelectRowsGradient(dy.View, rows.View, dtable.View.As(flat), accumulate));
        }
    }
}
