using Robustify.Kernels;
using Robustify.Kernels.Backends;
using Robustify.Kernels.Tensors;

namespace Robustify.Native.Graph.Ops;

/// <summary>Means of windows, and a sequence with its mean before it.</summary>
public static class AveragePoolOperations
{
    /// <summary>
    /// Mean over windows side by side: [N, H, W, C] to [N, H / window, W / window, C]; what is left over at the end of a side is dropped. x
    /// itself for a window of 1.
    /// </summary>
    public static Value AveragePool(this GraphBuilder graph, string name, Value x, int window)
    {
        var s = x.Shape;
        if (s.Rank != 4 || window < 1 || s[1] < window || s[2] < window)
            throw new RobustifyException($"average pool {name}: {s} and a window of {window} found, [N, H, W, C] no smaller than the window expected");
        if (window == 1)
            return x;
        var y = graph.Activation(name, new Shape(s[0], s[1] / window, s[2] / window, s[3]), x.RequiresGradient, x.Type);
        graph.Add(new AverageForward(x, y, window));
        return y;
    }

    /// <summary>[N, ..., C] as a sequence [N, M, C] with its mean before it: [N, M + 1, C].</summary>
    public static Value PrependMean(this GraphBuilder graph, string name, Value x)
    {
        var s = x.Shape;
        if (s.Rank < 3)
            throw new RobustifyException($"prepend mean {name}: {s} found, [N, ..., C] expected");
        var sequence = new Shape(s[0], s.Rows / s[0], s.Columns);
        var y = graph.Activation(name, new Shape(sequence[0], sequence[1] + 1, sequence[2]), x.RequiresGradient, x.Type);
        graph.Add(new PrependForward(x, y, sequence));
        return y;
    }

    private sealed class AverageForward(Value x, Value y, int window) : Node
    {
        public override IEnumerable<Value> Inputs => [x];

        public override IEnumerable<Value> Outputs => [y];

        public override void Execute(IBackend backend) => backend.AveragePool(x.View, y.View, window);

        public override void Differentiate(GradientBuilder gradients)
        {
            var dy = gradients.Of(y);
            if (gradients.Target(x, out bool accumulate) is { } dx)
                gradients.Emit([dy], [dx], b => b.AveragePoolGradient(dy.View, dx.View, window, accumulate));
        }
    }

    private sealed class PrependForward(Value x, Value y, Shape sequence) : Node
    {
        public override IEnumerable<Value> Inputs => [x];

        public override IEnumerable<Value> Outputs => [y];

        public override void Execute(IBackend backend) => backend.PrependMean(x.View.As(sequence), y.View);

        public override void Differentiate(GradientBuilder gradients)
        {
            var dy = gradients.Of(y);
            if (gradients.Target(x, out bool accumulate) is { } dx)
                gradients.Emit([dy], [dx], b => b.PrependMeanGradient(dy.View, dx.View.As(sequence), accumulate));
        }
    }
}
