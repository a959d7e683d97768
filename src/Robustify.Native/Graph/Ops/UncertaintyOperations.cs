using Robustify.Kernels;
using Robustify.Kernels.Backends;
using Robustify.Kernels.Random;
using Robustify.Kernels.Tensors;

namespace Robustify.Native.Graph.Ops;

/// <summary>Operations on the answers of frozen models: they have no gradient, as every target is a constant.</summary>
public static class UncertaintyOperations
{
    /// <summary>Rows [first, first + rows) of a frozen value, as a value of their own.</summary>
    public static Value FrozenRows(this GraphBuilder graph, string name, Value x, int first, int rows)
    {
        RequireFrozen(name, x);
        if (first < 0 || rows < 1 || first + rows > x.Shape[0])
            throw new RobustifyException($"rows {name}: {first}..{first + rows - 1} of {x.Shape} found, rows inside expected");
        int[] extents = x.Shape.ToArray();
        extents[0] = rows;
        var y = graph.Activation(name, new Shape(extents), false, x.Type);
        long skippedBytes = x.Shape.Count / x.Shape[0] * first * x.Type.Size();
        graph.Add(new FrozenNode([x], [y], b =>
            b.Copy(new TensorView(x.View.Pointer + (nint)skippedBytes, x.Type, y.Shape), y.View, accumulate: false)));
        return y;
    }

    /// <summary>How much each row of a frozen model's logits [rows, K] counts: [rows].</summary>
    public static Value ConfidenceWeights(this GraphBuilder graph, string name, Value logits, ConfidenceWeighting weighting)
    {
        RequireFrozen(name, logits);
        if (logits.Shape.Rank != 2)
            throw new RobustifyException($"confidence weights {name}: logits {logits.Shape} found, [rows, classes] expected");
        var weights = graph.Activation(name, new Shape(logits.Shape[0]), false);
        graph.Add(new FrozenNode([logits], [weights], b => b.ConfidenceWeights(logits.View, weights.View, weighting)));
        return weights;
    }

    /// <summary>Row by row the less uncertain of two frozen models' logits.</summary>
    public static Value LessUncertain(this GraphBuilder graph, string name, Value a, Value b)
    {
        RequireFrozen(name, a);
        RequireFrozen(name, b);
        if (a.Shape != b.Shape)
            throw new RobustifyException($"less uncertain {name}: logits {a.Shape} and {b.Shape} found, two models of the same classes expected");
        var y = graph.Activation(name, a.Shape, false);
        graph.Add(new FrozenNode([a, b], [y], backend => backend.LessUncertain(a.View, b.View, y.View)));
        return y;
    }

    /// <summary>
    /// Monte-Carlo dropout over the classifier alone: features [rows, D] to the log of the predictive mean [rows, K]. The body runs once,
    /// so the passes cost almost nothing. It draws outside training too: that is its purpose. Where the features are only some of the step's
    /// samples, <paramref name="samples"/> says how many there are and <paramref name="firstSample"/> which is the first of the features.
    /// </summary>
    public static Value MonteCarloHead(
        this GraphBuilder graph, string name, Value features, Parameter weight, Parameter bias, float probability, int passes,
        int firstSample = 0, int? samples = null)
    {
        RequireFrozen(name, features);
        if (features.Shape.Rank != 2 || weight.Value.Shape.Rank != 2 || weight.Value.Shape.Columns != features.Shape[1])
        {
            throw new RobustifyException(
                $"dropout passes {name}: features {features.Shape} and weight {weight.Value.Shape} found, [rows, in] and [out, in] expected");
        }

        int rows = features.Shape[0], width = features.Shape[1];
        if (firstSample < 0 || firstSample + rows > (samples ?? rows))
            throw new RobustifyException($"dropout passes {name}: samples {firstSample}..{firstSample + rows - 1} of {samples ?? rows} found, samples inside expected");
        var (sampleIds, epoch) = graph.DrawInputs(samples ?? rows);
        uint layer = ++graph.RandomLayers;
        ulong seed = graph.Seed;
        var dropped = graph.Activation(name + ".dropped", new Shape(passes * rows, width), false, features.Type);
        graph.Add(new FrozenNode([features, sampleIds, epoch], [dropped], b =>
        {
            var ids = new TensorView(sampleIds.View.Pointer + firstSample * sizeof(int), DType.Int32, new Shape(rows));
            for (int pass = 0; pass < passes; pass++)
            {
                var slice = new TensorView(dropped.View.Pointer + (nint)((long)pass * rows * width * features.Type.Size()), features.Type, features.Shape);
                uint purpose = (uint)RandomPurpose.MonteCarloDropout | ((uint)pass << 8) | (layer << 16);
                b.Dropout(features.View, ids, slice, new DropoutDraw(seed, purpose, epoch.View, probability), accumulate: false);
            }
        }));
        var logits = graph.Activation(name + ".passes", new Shape(passes * rows, weight.Value.Shape[0]), false);
        var compute = graph.Weight(weight, features.Type);
        graph.Add(new FrozenNode([dropped, compute], [logits], b =>
            b.Linear(dropped.View, compute.View, bias.Value.View, logits.View, Activation.None, default), new(Forward: logits.Shape.Count * width)));
        var mean = graph.Activation(name, new Shape(rows, weight.Value.Shape[0]), false);
        graph.Add(new FrozenNode([logits], [mean], b => b.LogMeanSoftmax(logits.View, mean.View)));
        return mean;
    }

    private static void RequireFrozen(string name, Value x)
    {
        if (x.RequiresGradient)
            throw new InvalidOperationException($"{name}: {x} is trained; a target must be a constant");
    }

    private sealed class FrozenNode(Value[] inputs, Value[] outputs, Action<IBackend> execute, MultiplyAdds multiplyAdds = default) : Node
    {
        public override IEnumerable<Value> Inputs => inputs;

        public override IEnumerable<Value> Outputs => outputs;

        public override MultiplyAdds MultiplyAdds => multiplyAdds;

        public override void Execute(IBackend backend) => execute(backend);
    }
}
