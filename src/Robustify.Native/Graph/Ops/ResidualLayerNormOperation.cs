using Robustify.Kernels;
using Robustify.Kernels.Backends;
using Robustify.Kernels.Tensors;

namespace Robustify.Native.Graph.Ops;

/// <summary>A residual sum and the layer normalisation that reads it, in one pass forward and one backward.</summary>
public static class ResidualLayerNormOperation
{
    /// <summary>Sum = x + branch and Normalized, its layer normalisation over the last extent: the bits of Add and LayerNorm.</summary>
    /// <param name="graph">Where to.</param>
    /// <param name="sumName">Name of the sum.</param>
    /// <param name="name">Name of the norm.</param>
    /// <param name="x">[..., width].</param>
    /// <param name="branch">As x.</param>
    /// <param name="gamma">Scale [width].</param>
    /// <param name="beta">Shift [width].</param>
    /// <param name="epsilon">Added to variances.</param>
    public static (Value Sum, Value Normalized) ResidualLayerNorm(
        this GraphBuilder graph, string sumName, string name, Value x, Value branch, Parameter gamma, Parameter beta, float epsilon)
    {
        if (x.Shape != branch.Shape)
            throw new RobustifyException($"residual layer norm {sumName}: {x.Shape} and {branch.Shape} found, equal shapes expected");
        if (gamma.Value.Shape.Count != x.Shape.Columns || beta.Value.Shape.Count != x.Shape.Columns)
        {
            throw new RobustifyException(
                $"residual layer norm {name}: input {x.Shape}, scale {gamma.Value.Shape} and shift {beta.Value.Shape} found, the widths must agree");
        }

        var sum = graph.Activation(sumName, x.Shape, x.RequiresGradient || branch.RequiresGradient, x.Type);
        var y = graph.Activation(name, x.Shape, sum.RequiresGradient || gamma.Gradient is not null || beta.Gradient is not null, x.Type);
        var rows = new Shape(x.Shape.Rows);
        var statistics = (graph.Activation(name + ".mean", rows, false), graph.Activation(name + ".rstd", rows, false));
        graph.Add(new Forward(x, branch, gamma, beta, sum, y, statistics, epsilon));
        return (sum, y);
    }

    private sealed class Forward(
        Value x, Value branch, Parameter gamma, Parameter beta, Value sum, Value y, (Value Mean, Value ReciprocalDeviation) statistics, float epsilon) : Node
    {
        public override IEnumerable<Value> Inputs => [x, branch];

        public override IEnumerable<Value> Outputs => [sum, y, statistics.Mean, statistics.ReciprocalDeviation];

        public override (Value Input, Value Output)? InPlace => (x, sum);

        public override void Execute(IBackend backend) => backend.ResidualLayerNorm(
            x.View, branch.View, gamma.Value.View, beta.Value.View, sum.View, y.View, statistics.Mean.View, statistics.ReciprocalDeviation.View,
            epsilon);

        public override void Differentiate(GradientBuilder gradients)
        {
            var dsum = gradients.Find(sum);
            if (gradients.Find(y) is { } dy)
            {
                LayerNormOperation.DifferentiateParameters(gradients, y.Name, dy, sum, gamma, beta, statistics);
                dsum = sum.RequiresGradient ? DifferentiateSum(gradients, dy, dsum) : null;
            }

            if (dsum is null)
                return;
            gradients.Share(x, dsum);
            gradients.Share(branch, dsum);
        }

        /// <summary>The whole gradient of the sum: through the norm, and past it where anything else read the sum.</summary>
        private Value DifferentiateSum(GradientBuilder gradients, Value dy, Value? past)
        {
            var (mean, reciprocalDeviation) = statistics;
            if (past is null)
            {
                var alone = gradients.Temporary(sum.Name + ".gradient", sum.Shape, sum.Type);
                gradients.Emit([dy, sum, mean, reciprocalDeviation], [alone], b => b.LayerNormInputGradient(
                    dy.View, sum.View, gamma.Value.View, mean.View, reciprocalDeviation.View, alone.View, accumulate: false));
                return alone;
            }

            var total = gradients.IsSoleOwner(past) ? past : gradients.Temporary(sum.Name + ".gradient", sum.Shape, sum.Type);
            gradients.Emit([dy, past, sum, mean, reciprocalDeviation], [total], b => b.ResidualLayerNormInputGradient(
                dy.View, past.View, sum.View, gamma.Value.View, mean.View, reciprocalDeviation.View, total.View));
            return total;
        }
    }
}
