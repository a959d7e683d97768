using Robustify.Kernels.Backends;
using Robustify.Kernels.Tensors;

namespace Robustify.Kernels.Parity.Cases;

/// <summary>Weights of a teacher's answers.</summary>
internal sealed class ConfidenceWeightsCase : OperationCase
{
    private readonly Operand logits, weights;
    private readonly ConfidenceWeighting weighting;

    public ConfidenceWeightsCase(int rows, int classes, ConfidenceWeighting weighting, double spread = 3)
        : base("ConfidenceWeights", $"[{rows}, {classes}] {weighting} spread {spread}")
    {
        this.weighting = weighting;
        logits = Floats("logits", new Shape(rows, classes), scale: spread);
        weights = Floats("weights", new Shape(rows), OperandRole.Output);
    }

    public override double Tolerance => Pointwise;

    public override void Run(IBackend backend) => backend.ConfidenceWeights(logits, weights, weighting);

    protected override void Reference()
    {
        int classes = logits.Shape.Columns;
        for (int row = 0; row < logits.Shape.Rows; row++)
        {
            var softmax = new SoftmaxRow(logits.Values.AsSpan(row * classes, classes));
            var sorted = softmax.Probabilities.OrderDescending().ToArray();
            weights.Expected[row] = weighting switch
            {
                ConfidenceWeighting.OneMinusEntropy => 1 - softmax.NormalizedEntropy(),
                ConfidenceWeighting.ExponentialEntropy => Math.Exp(-softmax.NormalizedEntropy()),
                ConfidenceWeighting.Margin => sorted[0] - (sorted.Length > 1 ? sorted[1] : 0),
                _ => 1,
            };
        }
    }
}

/// <summary>Row by row the less uncertain of two answers; every third row is the same in both.</summary>
internal sealed class LessUncertainCase : OperationCase
{
    private readonly Operand a, b, y;

    public LessUncertainCase(int rows, int classes)
        : base("LessUncertain", $"[{rows}, {classes}]")
    {
        a = Floats("a", new Shape(rows, classes), scale: 2);
        b = Floats("b", new Shape(rows, classes), scale: 2);
        y = Floats("y", new Shape(rows, classes), OperandRole.Output);
    }

    // A copy: exact.
    public override double Tolerance => 0;

    public override void Run(IBackend backend) => backend.LessUncertain(a, b, y);

    protected override void Adjust()
    {
        int classes = a.Shape.Columns;
        for (int row = 0; row < a.Shape.Rows; row += 3)
            a.Values.AsSpan(row * classes, classes).CopyTo(b.Values.AsSpan(row * classes, classes));
    }

    protected override void Reference()
    {
        int classes = a.Shape.Columns;
        for (int row = 0; row < a.Shape.Rows; row++)
        {
            var span = new Range(row * classes, (row + 1) * classes);
            double entropyA = new SoftmaxRow(a.Values[span]).NormalizedEntropy(), entropyB = new SoftmaxRow(b.Values[span]).NormalizedEntropy();
            (entropyA <= entropyB ? a : b).Values[span].CopyTo(y.Expected, row * classes);
        }
    }
}

/// <summary>The log of the mean of the passes' probabilities.</summary>
internal sealed class LogMeanSoftmaxCase : OperationCase
{
    private readonly Operand logits, y;

    public LogMeanSoftmaxCase(int passes, int rows, int classes, double spread = 3)
        : base("LogMeanSoftmax", $"[{passes}x{rows}, {classes}] spread {spread}")
    {
        logits = Floats("logits", new Shape(passes * rows, classes), scale: spread);
        y = Floats("y", new Shape(rows, classes), OperandRole.Output);
    }

    public override double Tolerance => Pointwise;

    public override void Run(IBackend backend) => backend.LogMeanSoftmax(logits, y);

    protected override void Reference()
    {
        int classes = y.Shape.Columns, rows = y.Shape.Rows, passes = logits.Shape.Rows / rows;
        for (int row = 0; row < rows; row++)
        {
            var mean = new double[classes];
            for (int pass = 0; pass < passes; pass++)
            {
                var softmax = new SoftmaxRow(logits.Values.AsSpan((pass * rows + row) * classes, classes));
                for (int k = 0; k < classes; k++)
                    mean[k] += softmax.Probabilities[k] / passes;
            }

            for (int k = 0; k < classes; k++)
                y.Expected[row * classes + k] = Math.Log(mean[k]);
        }
    }
}
