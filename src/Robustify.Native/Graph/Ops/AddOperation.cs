using Robustify.Kernels;
using Robustify.Kernels.Backends;

namespace Robustify.Native.Graph.Ops;

/// <summary>The residual sum.</summary>
public static class AddOperation
{
    /// <summary>a + b, of equal shapes.</summary>
    public static Value Add(this GraphBuilder graph, string name, Value a, Value b)
    {
        if (a.Shape != b.Shape)
            throw new RobustifyException($"add {name}: {a.Shape} and {b.Shape} found, equal shapes expected");
        var y = graph.Activation(name, a.Shape, a.RequiresGradient || b.RequiresGradient, a.Type);
        graph.Add(new Forward(a, b, y));
        return y;
    }

    private sealed class Forward(Value a, Value b, Value y) : Node
    {
        public override IEnumerable<Value> Inputs => [a, b];

        public override IEnumerable<Value> Outputs => [y];

        public override (Value Input, Value Output)? InPlace => (a, y);

        public override void Execute(IBackend backend) => backend.Add(a.View, b.View, y.View);

        public override void Differentiate(GradientBuilder gradients)
        {
            var dy = gradients.Of(y);
            gradients.Share(a, dy);
            gradients.Share(b, dy);
        }
    }
}
