using Robustify.Kernels;
using Robustify.Kernels.Backends;
using Robustify.Kernels.Tensors;

namespace Robustify.Native.Graph.Ops;

/// <summary>The four tensors of a batch normalisation and its constants.</summary>
public sealed record BatchNormParameters(
    Parameter Gamma, Parameter Beta, Parameter RunningMean, Parameter RunningVariance, float Epsilon = 1e-5f, float Momentum = 0.1f)
{
    /// <summary>Whether scale and shift are trained.</summary>
    public bool Trained => Gamma.Gradient is not null && Beta.Gradient is not null;
}

/// <summary>Batch normalisation with the residual sum and the ReLU that follow it.</summary>
public static class BatchNormOperation
{
    /// <summary>
    /// x [N, H, W, C]: relu(norm(x) + residual), both optional. A normalisation that is frozen in a training graph keeps its running
    /// statistics, as a frozen trunk must not drift.
    /// </summary>
    public static Value BatchNorm(this GraphBuilder graph, string name, Value x, BatchNormParameters parameters, bool relu, Value? residual = null)
    {
        ReadOnlySpan<Parameter> tensors = [parameters.Gamma, parameters.Beta, parameters.RunningMean, parameters.RunningVariance];
        foreach (var tensor in tensors)
        {
            if (tensor.Value.Shape.Count != x.Shape.Columns)
                throw new RobustifyException($"batch norm {name}: input {x.Shape} and {tensor.Value} found, [N, H, W, C] and [C] expected");
        }

        if (residual is not null && residual.Shape != x.Shape)
            throw new RobustifyException($"batch norm {name}: input {x.Shape} and residual {residual.Shape} found, equal shapes expected");

        bool requires = x.RequiresGradient || parameters.Trained || (residual?.RequiresGradient ?? false);
        var y = graph.Activation(name, x.Shape, requires, x.Type);
        var channels = new Shape(x.Shape.Columns);
        var mean = graph.Activation(name + ".mean", channels, false);
        var reciprocalDeviation = graph.Activation(name + ".rstd", channels, false);
        graph.Add(new Forward(x, parameters, residual, y, mean, reciprocalDeviation, relu, graph.Training && parameters.Trained));
        return y;
    }

    private sealed class Forward(
        Value x, BatchNormParameters p, Value? residual, Value y, Value mean, Value reciprocalDeviation, bool relu, bool batchStatistics) : Node
    {
        public override IEnumerable<Value> Inputs => residual is null ? [x] : [x, residual];

        public override IEnumerable<Value> Outputs => [y, mean, reciprocalDeviation];

        public override void Execute(IBackend backend)
        {
            var added = residual?.View ?? default;
            if (batchStatistics)
            {
                backend.BatchNormTraining(
                    x.View, p.Gamma.Value.View, p.Beta.Value.View, added, y.View, mean.View, reciprocalDeviation.View, p.RunningMean.Value.View,
                    p.RunningVariance.Value.View, p.Epsilon, p.Momentum, relu);
            }
            else
            {
                backend.BatchNormInference(
                    x.View, p.Gamma.Value.View, p.Beta.Value.View, added, y.View, mean.View, reciprocalDeviation.View, p.RunningMean.Value.View,
                    p.RunningVariance.Value.View, p.Epsilon, relu);
            }
        }

        public override void Differentiate(GradientBuilder gradients)
        {
            var dy = gradients.Of(y);
            var dgamma = gradients.Target(p.Gamma, out bool accumulateGamma);
            var dbeta = gradients.Target(p.Beta, out _);
            if (accumulateGamma)
                throw new InvalidOperationException($"batch norm {y.Name}: a normalisation is used in one place only");
            bool accumulateResidual = false;
            var dresidual = residual is null ? null : gradients.Target(residual, out accumulateResidual);
            var dx = gradients.Target(x, out bool accumulateInput);
            gradients.Emit([dy, x, y, mean, reciprocalDeviation], [dx, dresidual, dgamma, dbeta], b => b.BatchNormGradient(
                dy.View, x.View, y.View, p.Gamma.Value.View, mean.View, reciprocalDeviation.View, dx?.View ?? default, dresidual?.View ?? default,
                dgamma?.View ?? default, dbeta?.View ?? default, relu, batchStatistics, accumulateInput, accumulateResidual));
        }
    }
}
