using Robustify.Native.Graph;

namespace Robustify.Native.Tests.Graph;

/// <summary>A parameter as a value of a graph, so that the gradient of what goes into a model can be read.</summary>
internal static class LeafNode
{
    /// <summary>The parameter's value, float32.</summary>
    public static Value Leaf(this GraphBuilder graph, Parameter parameter)
    {
        var y = graph.Activation(parameter.Spec.Name + ".leaf", parameter.Value.Shape, parameter.Gradient is not null);
        graph.Add(new Forward(parameter, y));
        return y;
    }

    private sealed class Forward(Parameter parameter, Value y) : Node
    {
        public override IEnumerable<Value> Inputs => [];

        public override IEnumerable<Value> Outputs => [y];

        public override void Execute(Kernels.Backends.IBackend backend) => backend.Copy(parameter.Value.View, y.View, accumulate: false);

        public override void Differentiate(GradientBuilder gradients)
        {
            var dy = gradients.Of(y);
            if (gradients.Target(parameter, out bool accumulate) is { } target)
                gradients.Emit([dy], [target], b => b.Copy(dy.View, target.View, accumulate));
        }
    }
}
