using Robustify.Kernels;
using Robustify.Kernels.Backends;

namespace Robustify.Native.Graph.Ops;

/// <summary>A branch times one learned factor a channel, on its way to the residual sum (Touvron et al., arXiv 2103.17239).</summary>
public static class LayerScaleOperation
{
    /// <summary>
    /// residual + branch scale, the branch of a sample left out in training with the given probability. residual and branch [samples, ...,
    /// C], scale [C].
    /// </summary>
    public static Value ScaledResidual(
        this GraphBuilder graph, string name, Value residual, Value branch, Parameter scale, float skipProbability = 0)
    {
        if (residual.Shape != branch.Shape || scale.Value.Shape.Count != branch.Shape.Columns)
        {
            throw new RobustifyException(
                $"layer scale {name}: residual {residual.Shape}, branch {branch.Shape} and scale {scale.Value.Shape} found, equal shapes and one factor a channel expected");
        }

        if (!graph.Training || skipProbability == 0)
            return Scaled(graph, name, branch, scale, residual);
        return graph.StochasticDepth(name, residual, Scaled(graph, name + ".scaled", branch, scale, null), skipProbability);
    }

    private static Value Scaled(GraphBuilder graph, string name, Value branch, Parameter scale, Value? residual)
    {
        bool requires = branch.RequiresGradient || scale.Gradient is not null || residual is { RequiresGradient: true };
        var y = graph.Activation(name, branch.Shape, requires, branch.Type);
        graph.Add(new Forward(branch, scale, residual, y));
        return y;
    }

    private sealed class Forward(Value branch, Parameter scale, Value? residual, Value y) : Node
    {
        public override IEnumerable<Value> Inputs => residual is null ? [branch] : [branch, residual];

        public override IEnumerable<Value> Outputs => [y];

        public override (Value Input, Value Output)? InPlace => residual is null ? null : (residual, y);

        public override void Execute(IBackend backend) =>
            backend.LayerScale(branch.View, scale.Value.View, residual?.View ?? default, y.View);

        public override void Differentiate(GradientBuilder gradients)
        {
            var dy = gradients.Of(y);
            if (gradients.Target(scale, out bool accumulateScale) is { } dscale)
                gradients.Emit([dy, branch], [dscale], b => b.LayerScaleParameterGradient(dy.View, branch.View, dscale.View, accumulateScale));
            if (gradients.Target(branch, out bool accumulate) is { } dbranch)
            {
                gradients.Emit(
                    [dy], [dbranch], b => b.LayerScale(dy.View, scale.Value.View, accumulate ? dbranch.View : default, dbranch.View));
            }

            // Last: what is shared may be added to by those that come before the residual.
            if (residual is not null)
                gradients.Share(residual, dy);
        }
    }
}
