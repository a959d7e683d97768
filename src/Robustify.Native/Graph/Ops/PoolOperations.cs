using Robustify.Kernels;
using Robustify.Kernels.Backends;
using Robustify.Kernels.Tensors;

namespace Robustify.Native.Graph.Ops;

/// <summary>Maximum over windows and mean over positions.</summary>
public static class PoolOperations
{
    /// <summary>Maximum over windows of images [N, H, W, C].</summary>
    public static Value MaxPool(this GraphBuilder graph, string name, Value x, ConvolutionGeometry geometry)
    {
        if (x.Shape.Rank != 4 || geometry.Kernel < 1 || geometry.Stride < 1 || geometry.Padding < 0 || 2 * geometry.Padding > geometry.Kernel)
            throw new RobustifyException($"max pool {name}: {x.Shape} and {geometry} found, [N, H, W, C] and at most half a window of padding expected");
        if (geometry.OutputSide(x.Shape[1]) < 1 || geometry.OutputSide(x.Shape[2]) < 1)
            throw new RobustifyException($"max pool {name}: {x.Shape} is smaller than the window of {geometry.Kernel}; use larger images");
        var y = graph.Activation(name, geometry.OutputShape(x.Shape, x.Shape[3]), x.RequiresGradient, x.Type);
        var argmax = graph.Activation(name + ".argmax", y.Shape, false, DType.Int32);
        graph.Add(new MaxForward(x, y, argmax, geometry));
        return y;
    }

    /// <summary>Mean over all middle extents but the first <paramref name="skip"/> positions: [N, ..., C] to [N, C].</summary>
    public static Value MeanPool(this GraphBuilder graph, string name, Value x, int skip = 0)
    {
        int samples = x.Shape[0], columns = x.Shape.Columns;
        if (x.Shape.Rank < 3 || skip < 0 || skip >= x.Shape.Rows / samples)
            throw new RobustifyException($"mean pool {name}: {x.Shape} without its first {skip} positions found, [N, ..., C] and a position left expected");
        var y = graph.Activation(name, new Shape(samples, columns), x.RequiresGradient, x.Type);
        graph.Add(new MeanForward(x, y, new Shape(samples, x.Shape.Rows / samples, columns), skip));
        return y;
    }

    private sealed class MaxForward(Value x, Value y, Value argmax, ConvolutionGeometry geometry) : Node
    {
        public override IEnumerable<Value> Inputs => [x];

        public override IEnumerable<Value> Outputs => [y, argmax];

        public override void Execute(IBackend backend) => backend.MaxPool(x.View, y.View, argmax.View, geometry);

        public override void Differentiate(GradientBuilder gradients)
        {
            var dy = gradients.Of(y);
            if (gradients.Target(x, out bool accumulate) is { } dx)
                gradients.Emit([dy, argmax], [dx], b => b.MaxPoolGradient(dy.View, argmax.View, dx.View, geometry, accumulate));
        }
    }

    private sealed class MeanForward(Value x, Value y, Shape sequence, int skip) : Node
    {
        public override IEnumerable<Value> Inputs => [x];

        public override IEnumerable<Value> Outputs => [y];

        public override void Execute(IBackend backend) => backend.MeanPool(x.View.As(sequence), y.View, skip);

        public override void Differentiate(GradientBuilder gradients)
        {
            var dy = gradients.Of(y);
            if (gradients.Target(x, out bool accumulate) is { } dx)
                gradients.Emit([dy], [dx], b => b.MeanPoolGradient(dy.View, dx.View.As(sequence), skip, accumulate));
        }
    }
}
