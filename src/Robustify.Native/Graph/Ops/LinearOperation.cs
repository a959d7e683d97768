using Robustify.Kernels;
using Robustify.Kernels.Backends;
using Robustify.Kernels.Tensors;

namespace Robustify.Native.Graph.Ops;

/// <summary>y = activation(x Wᵀ + b) on the last extent.</summary>
public static class LinearOperation
{
    /// <summary>
    /// x [..., in], weight [out, in], bias [out] or none; the result is [..., out], of the type of x or of <paramref name="type"/>: logits are
    /// Float32 whatever the features are.
    /// </summary>
    public static Value Linear(
        this GraphBuilder graph, string name, Value x, Parameter weight, Parameter? bias, Activation activation = Activation.None, DType? type = null)
    {
        var w = weight.Value.Shape;
        if (w.Rank != 2 || w.Columns != x.Shape.Columns)
            throw new RobustifyException($"linear {name}: input {x.Shape} and weight {w} found, [..., in] and [out, in] expected");
        if (bias is not null && bias.Value.Shape.Count != w.Rows)
            throw new RobustifyException($"linear {name}: bias {bias.Value.Shape} and weight {w} found, [out] and [out, in] expected");
        int[] extents = x.Shape.ToArray();
        extents[^1] = w.Rows;
        bool requires = x.RequiresGradient || weight.Gradient is not null || bias?.Gradient is not null;
        var y = graph.Activation(name, new Shape(extents), requires, type ?? x.Type);
        var preActivation = requires && activation != Activation.None ? graph.Activation(name + ".pre", y.Shape, false, y.Type) : null;
        graph.Add(new Forward(x, weight, graph.Weight(weight, x.Type), bias, y, preActivation, activation));
        return y;
    }

    private sealed class Forward(
        Value x, Parameter parameter, Value weight, Parameter? bias, Value y, Value? preActivation, Activation activation) : Node
    {
        public override IEnumerable<Value> Inputs => [x, weight];

        public override IEnumerable<Value> Outputs => preActivation is null ? [y] : [y, preActivation];

        public override MultiplyAdds MultiplyAdds => new(Forward: Products);

        private long Products => y.Shape.Count * x.Shape.Columns;

        public override void Execute(IBackend backend) => backend.Linear(
            x.View, weight.View, bias?.Value.View ?? default, y.View, activation, preActivation?.View ?? default);

        public override void Differentiate(GradientBuilder gradients)
        {
            var dy = gradients.Of(y);
            if (preActivation is not null)
            {
                var (dactivated, dpre) = (dy, gradients.Temporary(preActivation.Name + ".gradient", y.Shape, y.Type));
                gradients.Emit([dactivated, preActivation], [dpre], b => b.ActivationGradient(dactivated.View, preActivation.View, dpre.View, activation));
                dy = dpre;
            }

            if (gradients.Target(bias, out bool accumulateBias) is { } dbias)
                gradients.Emit([dy], [dbias], b => b.BiasGradient(dy.View, dbias.View, accumulateBias));
            if (gradients.Target(parameter, out bool accumulateWeight) is { } dweight)
                {
                gradients.Emit(
                    [dy, x], [dweight], b => b.LinearWeightGradient(dy.View, x.View, dweight.View, accumulateWeight), new(WeightGradient: Products));
            }

            if (gradients.Target(x, out bool accumulate) is { } dx)
                {
                gradients.Emit([dy, weight], [dx], b => b.LinearInputGradient(dy.View, weight.View, dx.View, accumulate), new(DataGradient: Products));
            }
        }
    }
}
