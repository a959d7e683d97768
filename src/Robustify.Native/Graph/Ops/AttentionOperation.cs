using Robustify.Kernels;
using Robustify.Kernels.Backends;
using Robustify.Kernels.Tensors;

namespace Robustify.Native.Graph.Ops;

/// <summary>Multi-head self-attention on packed queries, keys and values.</summary>
public static class AttentionOperation
{
    /// <summary>
    /// qkv [samples, tokens, 3 x width]; the result is [samples, tokens, width]. Where <paramref name="causal"/>, a token attends to itself and
    /// those before it alone.
    /// </summary>
    public static Value Attention(this GraphBuilder graph, string name, Value qkv, int heads, bool causal = false)
    {
        var s = qkv.Shape;
        if (s.Rank != 3 || heads < 1 || s[2] % (3L * heads) != 0)
            throw new RobustifyException($"attention {name}: {s} with {heads} heads found, [samples, tokens, 3 x heads x headDim] expected");
        var y = graph.Activation(name, new Shape(s[0], s[1], s[2] / 3), qkv.RequiresGradient, qkv.Type);
        var logSumExp = graph.Activation(name + ".lse", new Shape(s[0], heads, s[1]), false);
        graph.Add(new Forward(qkv, y, logSumExp, heads, causal));
        return y;
    }

    private sealed class Forward(Value qkv, Value y, Value logSumExp, int heads, bool causal) : Node
    {
        public override IEnumerable<Value> Inputs => [qkv];

        public override IEnumerable<Value> Outputs => [y, logSumExp];

        public override MultiplyAdds MultiplyAdds => new(Forward: Products);

        // Scores and weighted values: each query meets each key twice, along all columns of all heads.
        private long Products => 2 * y.Shape.Count * y.Shape[1];

        public override void Execute(IBackend backend) => backend.Attention(qkv.View, y.View, logSumExp.View, heads, causal);

        public override void Differentiate(GradientBuilder gradients)
        {
            var dy = gradients.Of(y);
            if (gradients.Target(qkv, out bool accumulate) is not { } dqkv)
                return;
            if (accumulate)
                throw new InvalidOperationException($"attention {y.Name}: queries, keys and values feed attention alone");
            // Either product has two operands, so two products lead back.
            gradients.Emit(
                [dy, qkv, y, logSumExp], [dqkv],
                b => b.AttentionGradient(dy.View, qkv.View, y.View, logSumExp.View, dqkv.View, heads, causal),
                new(DataGradient: 2 * Products));
        }
    }
}
