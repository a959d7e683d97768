using Robustify.Kernels;
using Robustify.Kernels.Backends;
using Robustify.Kernels.Tensors;

namespace Robustify.Native.Graph.Ops;

/// <summary>How embeddings are compared: rows of length one, their products, and a learned scale. Float32 in every precision.</summary>
public static class SimilarityOperations
{
    /// <summary>Each row of x [rows, D] over its Euclidean norm.</summary>
    public static Value NormalizeRows(this GraphBuilder graph, string name, Value x)
    {
        if (x.Shape.Rank != 2 || x.Type != DType.Float32)
            throw new RobustifyException($"normalize {name}: {x.Shape} of {x.Type} found, [rows, D] of Float32 expected");
        var y = graph.Activation(name, x.Shape, x.RequiresGradient);
        var reciprocalNorm = graph.Activation(name + ".rnorm", new Shape(x.Shape.Rows), false);
        graph.Add(new NormalizeForward(x, y, reciprocalNorm));
        return y;
    }

    /// <summary>exp(exponent) x; exponent [1].</summary>
    public static Value ScaleByExponential(this GraphBuilder graph, string name, Value x, Parameter exponent)
    {
        if (exponent.Value.Shape.Count != 1 || x.Type != DType.Float32)
            throw new RobustifyException($"scale {name}: {x.Shape} of {x.Type} and exponent {exponent.Value.Shape} found, Float32 and [1] expected");
        var y = graph.Activation(name, x.Shape, x.RequiresGradient || exponent.Gradient is not null);
        graph.Add(new ScaleForward(x, exponent, y));
        return y;
    }

    /// <summary>a bᵀ of two activations, [N, D] and [M, D]: every row of one with every row of the other, [N, M].</summary>
    public static Value Product(this GraphBuilder graph, string name, Value a, Value b)
    {
        if (a.Shape.Rank != 2 || b.Shape.Rank != 2 || a.Shape.Columns != b.Shape.Columns || a.Type != DType.Float32 || b.Type != DType.Float32)
            throw new RobustifyException($"product {name}: {a.Shape} of {a.Type} and {b.Shape} of {b.Type} found, [N, D] and [M, D] of Float32 expected");
        var y = graph.Activation(name, new Shape(a.Shape[0], b.Shape[0]), a.RequiresGradient || b.RequiresGradient);
        graph.Add(new ProductForward(a, b, y));
        return y;
    }

    private sealed class NormalizeForward(Value x, Value y, Value reciprocalNorm) : Node
    {
        public override IEnumerable<Value> Inputs => [x];

        public override IEnumerable<Value> Outputs => [y, reciprocalNorm];

        public override void Execute(IBackend backend) => backend.NormalizeRows(x.View, y.View, reciprocalNorm.View);

        public override void Differentiate(GradientBuilder gradients)
        {
            var dy = gradients.Of(y);
            if (gradients.Target(x, out bool accumulate) is { } dx)
                gradients.Emit([dy, y, reciprocalNorm], [dx], b => b.NormalizeRowsGradient(dy.View, y.View, reciprocalNorm.View, dx.View, accumulate));
        }
    }

    private sealed class ScaleForward(Value x, Parameter exponent, Value y) : Node
    {
        public override IEnumerable<Value> Inputs => [x];

        public override IEnumerable<Value> Outputs => [y];

        public override void Execute(IBackend backend) => backend.ScaleByExponential(x.View, exponent.Value.View, y.View);

        public override void Differentiate(GradientBuilder gradients)
        {
            var dy = gradients.Of(y);
            var dexponent = gradients.Target(exponent, out bool accumulateExponent);
            var dx = gradients.Target(x, out bool accumulate);
            gradients.Emit([dy, y], [dx, dexponent], b => b.ScaleByExponentialGradient(
                dy.View, y.View, exponent.Value.View, dx?.View ?? default, dexponent?.View ?? default, accumulate, accumulateExponent));
        }
    }

    private sealed class ProductForward(Value a, Value b, Value y) : Node
    {
        private long Products => y.Shape.Count * a.Shape.Columns;

        public override IEnumerable<Value> Inputs => [a, b];

        public override IEnumerable<Value> Outputs => [y];

        public override MultiplyAdds MultiplyAdds => new(Forward: Products);

        public override void Execute(IBackend backend) => backend.Linear(a.View, b.View, default, y.View, Activation.None, default);

        public override void Differentiate(GradientBuilder gradients)
        {
            var dy = gradients.Of(y);
            if (gradients.Target(a, out bool accumulateLeft) is { } da)
                gradients.Emit([dy, b], [da], k => k.LinearInputGradient(dy.View, b.View, da.View, accumulateLeft), new(DataGradient: Products));
            if (gradients.Target(b, out bool accumulateRight) is { } db)
                gradients.Emit([dy, a], [db], k => k.LinearWeightGradient(dy.View, a.View, db.View, accumulateRight), new(DataGradient: Products));
        }
    }
}
