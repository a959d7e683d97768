using Robustify.Kernels;
using Robustify.Kernels.Backends;

namespace Robustify.Native.Graph.Ops;

/// <summary>Two-dimensional convolution without bias.</summary>
public static class ConvolutionOperation
{
    /// <summary>x [N, H, W, C], weight [O, K, K, C]; the result is [N, OH, OW, O].</summary>
    public static Value Convolution(this GraphBuilder graph, string name, Value x, Parameter weight, int stride, int padding)
    {
        var (s, w) = (x.Shape, weight.Value.Shape);
        if (s.Rank != 4 || w.Rank != 4 || w[1] != w[2] || w[3] != s[3])
            throw new RobustifyException($"convolution {name}: input {s} and weight {w} found, [N, H, W, C] and [O, K, K, C] expected");
        if (stride < 1 || padding < 0)
            throw new RobustifyException($"convolution {name}: stride {stride} and padding {padding} found, at least 1 and 0 expected");
        var geometry = new ConvolutionGeometry(w[1], stride, padding);
        if (geometry.OutputSide(s[1]) < 1 || geometry.OutputSide(s[2]) < 1)
            throw new RobustifyException($"convolution {name}: input {s} is smaller than the kernel of {w[1]}; use larger images");
        var y = graph.Activation(name, geometry.OutputShape(s, w[0]), x.RequiresGradient || weight.Gradient is not null, x.Type);
        graph.Add(new Forward(x, weight, graph.Weight(weight, x.Type), y, geometry));
        return y;
    }

    private sealed class Forward(Value x, Parameter parameter, Value weight, Value y, ConvolutionGeometry geometry) : Node
    {
        public override IEnumerable<Value> Inputs => [x, weight];

        public override IEnumerable<Value> Outputs => [y];

        public override MultiplyAdds MultiplyAdds => new(Forward: Products);

        private long Products => y.Shape.Count * (weight.Shape.Count / weight.Shape[0]);

        public override void Execute(IBackend backend) => backend.Convolution(x.View, weight.View, y.View, geometry);

        public override void Differentiate(GradientBuilder gradients)
        {
            var dy = gradients.Of(y);
            if (gradients.Target(parameter, out bool accumulateWeight) is { } dweight)
                {
                gradients.Emit(
                    [dy, x], [dweight], b => b.ConvolutionWeightGradient(dy.View, x.View, dweight.View, geometry, accumulateWeight),
                    new(WeightGradient: Products));
            }

            if (gradients.Target(x, out bool accumulate) is { } dx)
                {
                gradients.Emit(
                    [dy, weight], [dx], b => b.ConvolutionInputGradient(dy.View, weight.View, dx.View, geometry, accumulate), new(DataGradient: Products));
            }
        }
    }
}
