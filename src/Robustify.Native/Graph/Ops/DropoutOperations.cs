using Robustify.Kernels;
using Robustify.Kernels.Backends;
using Robustify.Kernels.Random;

namespace Robustify.Native.Graph.Ops;

/// <summary>The two random layers; outside training both are the identity and add nothing to the graph.</summary>
public static class DropoutOperations
{
    /// <summary>Inverted dropout on x [samples, ...].</summary>
    public static Value Dropout(this GraphBuilder graph, string name, Value x, float probability)
    {
        RequireProbability("dropout", name, probability);
        if (!graph.Training || probability == 0)
            return x;
        var (sampleIds, epoch) = graph.DrawInputs(x.Shape[0]);
        var y = graph.Activation(name, x.Shape, x.RequiresGradient, x.Type);
        graph.Add(new DropoutForward(x, sampleIds, epoch, y, Purpose(graph, RandomPurpose.Dropout), graph.Seed, probability));
        return y;
    }

    /// <summary>x + branch, the branch of a sample left out with the given probability.</summary>
    public static Value StochasticDepth(this GraphBuilder graph, string name, Value x, Value branch, float probability)
    {
        RequireProbability("stochastic depth", name, probability);
        if (x.Shape != branch.Shape)
            throw new RobustifyException($"stochastic depth {name}: {x.Shape} and {branch.Shape} found, equal shapes expected");
        if (!graph.Training || probability == 0)
            return graph.Add(name, x, branch);
        var (sampleIds, epoch) = graph.DrawInputs(x.Shape[0]);
        var y = graph.Activation(name, x.Shape, x.RequiresGradient || branch.RequiresGradient, x.Type);
        graph.Add(new DepthForward(x, branch, sampleIds, epoch, y, Purpose(graph, RandomPurpose.StochasticDepth), graph.Seed, probability));
        return y;
    }

    private static void RequireProbability(string operation, string name, float probability)
    {
        if (!(probability is >= 0 and < 1))
            throw new RobustifyException($"{operation} {name}: probability {probability} found, at least 0 and below 1 expected");
    }

    private static uint Purpose(GraphBuilder graph, RandomPurpose purpose) => (uint)purpose | (++graph.RandomLayers << 16);

    private sealed class DropoutForward(Value x, Value sampleIds, Value epoch, Value y, uint purpose, ulong seed, float probability) : Node
    {
        public override IEnumerable<Value> Inputs => [x, sampleIds, epoch];

        public override IEnumerable<Value> Outputs => [y];

        public override void Execute(IBackend backend) => backend.Dropout(x.View, sampleIds.View, y.View, Draw(), accumulate: false);

        public override void Differentiate(GradientBuilder gradients)
        {
            var dy = gradients.Of(y);
            if (gradients.Target(x, out bool accumulate) is { } dx)
                gradients.Emit([dy, sampleIds, epoch], [dx], b => b.Dropout(dy.View, sampleIds.View, dx.View, Draw(), accumulate));
        }

        private DropoutDraw Draw() => new(seed, purpose, epoch.View, probability);
    }

    private sealed class DepthForward(
        Value x, Value branch, Value sampleIds, Value epoch, Value y, uint purpose, ulong seed, float probability) : Node
    {
        public override IEnumerable<Value> Inputs => [x, branch, sampleIds, epoch];

        public override IEnumerable<Value> Outputs => [y];

        public override void Execute(IBackend backend) => backend.StochasticDepth(x.View, branch.View, sampleIds.View, y.View, Draw());

        public override void Differentiate(GradientBuilder gradients)
        {
            var dy = gradients.Of(y);
            gradients.Share(x, dy);
            if (gradients.Target(branch, out bool accumulate) is not { } dbranch)
                return;
            if (accumulate)
                throw new InvalidOperationException($"stochastic depth {y.Name}: its branch feeds nothing else");
            gradients.Emit([dy, sampleIds, epoch], [dbranch], b => b.StochasticDepth(default, dy.View, sampleIds.View, dbranch.View, Draw()));
        }

        private DropoutDraw Draw() => new(seed, purpose, epoch.View, probability);
    }
}
