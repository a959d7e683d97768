using Robustify.Kernels;
using Robustify.Kernels.Backends;
using Robustify.Kernels.Tensors;

namespace Robustify.Native.Graph.Ops;

/// <summary>Layer normalisation over the last extent.</summary>
public static class LayerNormOperation
{
    /// <summary>x [..., width], gamma and beta [width]; the result has the shape of x.</summary>
    public static Value LayerNorm(this GraphBuilder graph, string name, Value x, Parameter gamma, Parameter beta, float epsilon)
    {
        if (gamma.Value.Shape.Count != x.Shape.Columns || beta.Value.Shape.Count != x.Shape.Columns)
        {
            throw new RobustifyException(
                $"layer norm {name}: input {x.Shape}, scale {gamma.Value.Shape} and shift {beta.Value.Shape} found, the widths must agree");
        }

        var y = graph.Activation(name, x.Shape, x.RequiresGradient || gamma.Gradient is not null || beta.Gradient is not null, x.Type);
        var rows = new Shape(x.Shape.Rows);
        var mean = graph.Activation(name + ".mean", rows, false);
        var reciprocalDeviation = graph.Activation(name + ".rstd", rows, false);
        graph.Add(new Forward(x, gamma, beta, y, mean, reciprocalDeviation, epsilon));
        return y;
    }

    /// <summary>Emits the gradients of scale and shift, of which both or neither are trained.</summary>
    internal static void DifferentiateParameters(
        GradientBuilder gradients, string name, Value dy, Value x, Parameter gamma, Parameter beta, (Value Mean, Value ReciprocalDeviation) statistics)
    {
        var dgamma = gradients.Target(gamma, out bool accumulate);
        var dbeta = gradients.Target(beta, out _);
        if ((dgamma is null) != (dbeta is null))
            throw new RobustifyException($"layer norm {name}: one of scale and shift is frozen; train both or neither");
        if (dgamma is null)
            return;
        var (mean, reciprocalDeviation) = statistics;
        gradients.Emit([dy, x, mean, reciprocalDeviation], [dgamma, dbeta], b => b.LayerNormParameterGradient(
            dy.View, x.View, mean.View, reciprocalDeviation.View, dgamma.View, dbeta!.View, accumulate));
    }

    private sealed class Forward(Value x, Parameter gamma, Parameter beta, Value y, Value mean, Value reciprocalDeviation, float epsilon) : Node
    {
        public override IEnumerable<Value> Inputs => [x];

        public override IEnumerable<Value> Outputs => [y, mean, reciprocalDeviation];

        public override void Execute(IBackend backend) => backend.LayerNorm(
            x.View, gamma.Value.View, beta.Value.View, y.View, mean.View, reciprocalDeviation.View, epsilon);

        public override void Differentiate(GradientBuilder gradients)
        {
            var dy = gradients.Of(y);
            DifferentiateParameters(gradients, y.Name, dy, x, gamma, beta, (mean, reciprocalDeviation));
            if (gradients.Target(x, out bool accumulate) is { } dx)
            {
                gradients.Emit([dy, x, mean, reciprocalDeviation], [dx], b => b.LayerNormInputGradient(
                    dy.View, x.View, gamma.Value.View, mean.View, reciprocalDeviation.View, dx.View, accumulate));
            }
        }
    }
}
