using Robustify.Kernels.Backends;
using Robustify.Kernels.Tensors;

namespace Robustify.Native.Graph.Ops;

/// <summary>Between the types that a plan computes in.</summary>
public static class CastOperation
{
    /// <summary>x as <paramref name="type"/>; x itself where it is that already.</summary>
    public static Value Cast(this GraphBuilder graph, string name, Value x, DType type)
    {
        if (x.Type == type)
            return x;
        var y = graph.Activation(name, x.Shape, x.RequiresGradient, type);
        graph.Add(new CastNode(x, y));
        return y;
    }

    /// <summary>Images [N, H, W, C] in the type that the graph computes in.</summary>
    public static Value Compute(this GraphBuilder graph, Value images) => graph.Cast(images.Name + ".compute", images, graph.ComputeType);
}

/// <summary>y = x in another type.</summary>
internal sealed class CastNode(Value x, Value y) : Node
{
    public override IEnumerable<Value> Inputs => [x];

    public override IEnumerable<Value> Outputs => [y];

    public override void Execute(IBackend backend) => backend.Cast(x.View, y.View, accumulate: false);

    public override void Differentiate(GradientBuilder gradients)
    {
        var dy = gradients.Of(y);
        if (gradients.Target(x, out bool accumulate) is { } dx)
            gradients.Emit([dy], [dx], b => b.Cast(dy.View, dx.View, accumulate));
    }
}
