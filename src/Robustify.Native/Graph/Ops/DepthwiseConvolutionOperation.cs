using Robustify.Kernels;
using Robustify.Kernels.Backends;

namespace Robustify.Native.Graph.Ops;

/// <summary>Each channel convolved with a filter of its own.</summary>
public static class DepthwiseConvolutionOperation
{
    /// <summary>x [N, H, W, C], weight [C, K, K, 1] with K odd, bias [C] or none; the result has the shape of x: stride 1, zeros around.</summary>
    public static Value DepthwiseConvolution(this GraphBuilder graph, string name, Value x, Parameter weight, Parameter? bias)
    {
        var (s, w) = (x.Shape, weight.Value.Shape);
        if (s.Rank != 4 || w.Rank != 4 || w[0] != s[3] || w[1] != w[2] || w[1] % 2 == 0 || w[3] != 1)
            throw new RobustifyException($"depthwise convolution {name}: input {s} and weight {w} found, [N, H, W, C] and [C, K, K, 1] with K odd expected");
        if (bias is not null && bias.Value.Shape.Count != s[3])
            throw new RobustifyException($"depthwise convolution {name}: bias {bias.Value.Shape} and input {s} found, [C] and [N, H, W, C] expected");
        var y = graph.Activation(name, s, x.RequiresGradient || weight.Gradient is not null || bias?.Gradient is not null, x.Type);
        graph.Add(new Forward(x, weight, bias, y));
        return y;
    }

    private sealed class Forward(Value x, Parameter weight, Parameter? bias, Value y) : Node
    {
        public override IEnumerable<Value> Inputs => [x];

        public override IEnumerable<Value> Outputs => [y];

        public override MultiplyAdds MultiplyAdds => new(Forward: Products);

        private long Products => y.Shape.Count * weight.Value.Shape[1] * weight.Value.Shape[2];

        public override void Execute(IBackend backend) =>
            backend.DepthwiseConvolution(x.View, weight.Value.View, bias?.Value.View ?? default, y.View);

        public override void Differentiate(GradientBuilder gradients)
        {
            var dy = gradients.Of(y);
            if (gradients.Target(bias, out bool accumulateBias) is { } dbias)
                gradients.Emit([dy], [dbias], b => b.BiasGradient(dy.View, dbias.View, accumulateBias));
            if (gradients.Target(weight, out bool accumulateWeight) is { } dweight)
            {
                gradients.Emit(
                    [dy, x], [dweight], b => b.DepthwiseConvolutionWeightGradient(dy.View, x.View, dweight.View, accumulateWeight),
                    new(WeightGradient: Products));
            }

            if (gradients.Target(x, out bool accumulate) is { } dx)
            {
                gradients.Emit(
                    [dy], [dx], b => b.DepthwiseConvolutionInputGradient(dy.View, weight.Value.View, dx.View, accumulate), new(DataGradient: Products));
            }
        }
    }
}
