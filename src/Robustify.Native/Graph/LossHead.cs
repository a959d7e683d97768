using Robustify.Kernels;
using Robustify.Kernels.Backends;
using Robustify.Kernels.Tensors;

namespace Robustify.Native.Graph;

/// <summary>
/// The loss on one set of logits: a sum of terms, each computing its value and the gradient of the logits in one pass. The first term
/// writes both, later ones add.
/// </summary>
public sealed class LossHead
{
    private readonly GraphBuilder graph;
    private readonly List<(int First, int Count)> labeledRows = [];
    private bool begun;

    internal LossHead(GraphBuilder graph, string name, Value logits)
    {
        this.graph = graph;
        Name = name;
        Logits = logits;
        Value = graph.Keep(graph.Activation(name, new Shape(1), false));
        Gradient = graph.Activation(name + ".gradient", logits.Shape, false);
    }

    /// <summary>Name in logs.</summary>
    public string Name { get; }

    /// <summary>Logits [rows, classes].</summary>
    public Value Logits { get; }

    /// <summary>The sum of the terms [1].</summary>
    public Value Value { get; }

    /// <summary>The rows of <see cref="Logits"/> that have a label, as ranges: row First + i has label i.</summary>
    internal IReadOnlyList<(int First, int Count)> LabeledRows => labeledRows;

    /// <summary>Gradient with respect to the logits [rows, classes].</summary>
    public Value Gradient { get; }

    /// <summary>Adds scale times the mean cross-entropy of rows [firstRow, firstRow + rows) against labels [rows] (Int32).</summary>
    public LossHead CrossEntropy(Value labels, int firstRow, int rows, float smoothing = 0, float scale = 1)
    {
        CheckRows("cross-entropy", firstRow, rows, labels.Shape.Count);
        labeledRows.Add((firstRow, rows));
        bool accumulate = Begin();
        return Term([Logits, labels], b =>
            b.CrossEntropy(Logits.View, labels.View, Value.View, Gradient.View, firstRow, rows, smoothing, scale, accumulate));
    }

    /// <summary>Adds scale times the weighted distillation loss of rows [firstRow, firstRow + rows) against teacher logits.</summary>
    public LossHead Distillation(Value targets, Value? weights, int firstRow, int rows, float temperature, float scale = 1)
    {
        CheckRows("distillation", firstRow, rows, targets.Shape[0]);
        if (targets.Shape.Columns != Logits.Shape.Columns)
        {
            throw new RobustifyException(
                $"distillation: teacher logits {targets.Shape} found, {Logits.Shape.Columns} classes expected; use a teacher of the same classes");
        }

        if (weights is not null && weights.Shape.Count != rows)
            throw new RobustifyException($"distillation: weights {weights.Shape} found for {rows} rows, one a row expected");
        bool accumulate = Begin();
        return Term([Logits, targets, weights], b => b.Distillation(
            Logits.View, targets.View, weights?.View ?? default, Value.View, Gradient.View, firstRow, rows, temperature, scale, accumulate));
    }

    /// <summary>Adds scale times the Jensen–Shannon consistency of logits that hold three views of equal size.</summary>
    public LossHead JensenShannon(float scale)
    {
        if (Logits.Shape[0] % 3 != 0)
            throw new RobustifyException($"Jensen-Shannon: {Logits.Shape[0]} rows found, three views of equal size expected");
        bool accumulate = Begin();
        return Term([Logits], b => b.JensenShannon(Logits.View, Value.View, Gradient.View, scale, accumulate));
    }

    private bool Begin()
    {
        bool accumulate = begun;
        begun = true;
        return accumulate;
    }

    private LossHead Term(Value?[] inputs, Action<IBackend> execute)
    {
        graph.Add(new LossNode([.. inputs.OfType<Value>()], [Value, Gradient], execute));
        return this;
    }

    private void CheckRows(string operation, int firstRow, int rows, long given)
    {
        if (firstRow < 0 || rows < 1 || firstRow + rows > Logits.Shape[0] || given != rows)
        {
            throw new RobustifyException(
                $"{operation}: rows {firstRow}..{firstRow + rows - 1} with {given} targets found, logits are {Logits.Shape}");
        }
    }

    private sealed class LossNode(Value[] inputs, Value[] outputs, Action<IBackend> execute) : Node
    {
        public override IEnumerable<Value> Inputs => inputs;

        public override IEnumerable<Value> Outputs => outputs;

        public override void Execute(IBackend backend) => execute(backend);
    }
}
