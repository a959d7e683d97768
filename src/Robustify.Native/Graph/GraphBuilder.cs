using Robustify.Kernels.Backends;
using Robustify.Kernels;
using Robustify.Kernels.Tensors;

namespace Robustify.Native.Graph;

/// <summary>
/// Collects the nodes of one step. The operations are extension methods, one file each under Ops; a node's place in
/// <see cref="Nodes"/> is its place in time.
/// </summary>
public sealed class GraphBuilder
{
    private readonly List<Node> nodes = [];
    private readonly List<Value> values = [];
    private readonly List<LossHead> losses = [];
    private readonly List<Node> preparation = [];
    private readonly List<Value> cutValues = [];
    private readonly Dictionary<Parameter, Value> roundedWeights = [];
    private readonly string? activationPrefix;

    /// <param name="training">Whether dropout drops, stochastic depth skips and batch normalisation uses batch statistics.</param>
    /// <param name="seed">Key of the draws of dropout and stochastic depth.</param>
    /// <param name="name">Prefix of value names, to tell graphs apart in errors.</param>
    /// <param name="precision">What activations are computed in.</param>
    public GraphBuilder(bool training, ulong seed = 0, string? name = null, Precision precision = Precision.Fp32)
    {
        ComputeType = precision == Precision.Bf16 ? DType.BFloat16 : DType.Float32;
        Training = training;
        Seed = seed;
        activationPrefix = name;
    }

    /// <summary>Whether dropout drops, stochastic depth skips and batch normalisation uses batch statistics.</summary>
    public bool Training { get; private set; }

    /// <summary>Key of the draws of dropout and stochastic depth.</summary>
    public ulong Seed { get; }

    /// <summary>The type of activations: images are cast to it, and every operation keeps its input's.</summary>
    public DType ComputeType { get; }

    /// <summary>Nodes that run once, before the first step: what they compute stays.</summary>
    public IReadOnlyList<Node> Preparation => preparation;

    /// <summary>All nodes in order of time.</summary>
    public IReadOnlyList<Node> Nodes => nodes;

    /// <summary>All values that need memory.</summary>
    public IReadOnlyList<Value> Values => values;

    /// <summary>The losses, in the order they were made.</summary>
    public IReadOnlyList<LossHead> Losses => losses;

    /// <summary>Sample numbers [rows] for dropout; made on first use, filled by whoever runs the step.</summary>
    public Value? SampleIds { get; private set; }

    /// <summary>The epoch [1] for dropout; made on first use, filled by whoever runs the step.</summary>
    public Value? Epoch { get; private set; }

    /// <summary>How many dropout and stochastic-depth layers there are so far: numbers them.</summary>
    internal uint RandomLayers { get; set; }

    /// <summary>A value filled from outside.</summary>
    public Value Input(string name, Shape shape, DType type = DType.Float32) => AddValue(name, shape, type, ValueKind.Input, false);

    /// <summary>A value computed in the step.</summary>
    public Value Activation(string name, Shape shape, bool requiresGradient, DType type = DType.Float32) =>
        AddValue(activationPrefix is null ? name : $"{activationPrefix}.{name}", shape, type, ValueKind.Activation, requiresGradient);

    /// <summary>
    /// A matrix or convolution weight in the type of the activations it meets: itself in Float32, else rounded, a frozen one once and a
    /// trained one in every step, where it is first used.
    /// </summary>
    public Value Weight(Parameter parameter, DType type)
    {
        if (type == DType.Float32)
            return parameter.Value;
        if (roundedWeights.TryGetValue(parameter, out var rounded))
            return rounded;
        bool isFrozen = parameter.Gradient is null;
        rounded = AddValue(parameter.Value.Name + ".rounded", parameter.Value.Shape, type, isFrozen ? ValueKind.Constant : ValueKind.Activation, false);
        (isFrozen ? preparation : nodes).Add(new Ops.CastNode(parameter.Value, rounded));
        roundedWeights.Add(parameter, rounded);
        return rounded;
    }

    /// <summary>What the time of nodes added from here on is counted as.</summary>
    internal WorkPhase Phase { get; set; }

    /// <summary>Builds a part that computes as in evaluation: a frozen model's answer inside a training graph draws nothing.</summary>
    /// <param name="build">Adds its nodes.</param>
    /// <param name="phase">What their time is counted as.</param>
    public Value AsInEvaluation(Func<Value> build, WorkPhase phase = WorkPhase.Tail)
    {
        var (training, before) = (Training, Phase);
        (Training, Phase) = (false, phase);
        try
        {
            return build();
        }
        finally
        {
            (Training, Phase) = (training, before);
        }
    }

    /// <summary>Values at which a step can be cut: everything before them is frozen, so for the same images they are always the same.</summary>
    internal IReadOnlyList<Value> CutValues => cutValues;

    /// <summary>Lets the step be cut at a value, so that it can be stored and given instead of computed.</summary>
    /// <param name="value">Nothing trained lies before it, and nothing random.</param>
    /// <param name="stored">The type it is stored in; a narrower one rounds it here, in a step that computes it too.</param>
    /// <returns>What the rest of the step reads.</returns>
    internal Value Cut(Value value, DType stored)
    {
        if (value.RequiresGradient)
            throw new InvalidOperationException($"{value}: trained tensors lie before it, so it changes from step to step");
        if (stored.Size() >= value.Type.Size())
        {
            cutValues.Add(Keep(value));
            return value;
        }

        var narrow = Activation(value.Name + ".stored", value.Shape, false, stored);
        Add(new Ops.CastNode(value, narrow));
        cutValues.Add(Keep(narrow));
        var wide = Activation(value.Name + ".read", value.Shape, false, value.Type);
        Add(new Ops.CastNode(narrow, wide));
        return wide;
    }

    /// <summary>Keeps a value for reading after the step.</summary>
    public Value Keep(Value value)
    {
        if (value.Kind == ValueKind.Activation)
            value.Kind = ValueKind.Result;
        return value;
    }

    /// <summary>Appends a node.</summary>
    public void Add(Node node)
    {
        node.Phase = Phase;
        nodes.Add(node);
    }

    /// <summary>Starts a loss on logits [rows, classes].</summary>
    public LossHead Loss(string name, Value logits)
    {
        if (logits.Shape.Rank != 2)
            throw new RobustifyException($"{name}: logits {logits.Shape} found, [rows, classes] expected");
        var loss = new LossHead(this, name, logits);
        losses.Add(loss);
        return loss;
    }

    /// <summary>
    /// Emits the backward nodes of all losses. Nothing is emitted for what no trained parameter lies before. The last loss's logits can be read
    /// after a step, to count right answers.
    /// </summary>
    public void Differentiate()
    {
        new GradientBuilder(this).Run();
        if (losses.Count > 0)
            Keep(losses[^1].Logits);
    }

    /// <summary>The inputs that dropout draws need, for batches of <paramref name="rows"/> samples.</summary>
    internal (Value SampleIds, Value Epoch) DrawInputs(int rows)
    {
        SampleIds ??= Input("sample_ids", new Shape(rows), DType.Int32);
        Epoch ??= Input("epoch", new Shape(1), DType.Int32);
        if (SampleIds.Shape.Count != rows)
            throw new RobustifyException($"dropout: {rows} samples found where the graph has {SampleIds.Shape.Count}; use one batch size");
        return (SampleIds, Epoch);
    }

    private Value AddValue(string name, Shape shape, DType type, ValueKind kind, bool requiresGradient)
    {
        var value = new Value(name, shape, type, kind, requiresGradient);
        values.Add(value);
        return value;
    }
}
