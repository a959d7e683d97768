using Robustify.Kernels.Backends;
using Robustify.Kernels.Tensors;

namespace Robustify.Kernels.Parity.Cases;

/// <summary>Cross-entropy over a range of rows, with smoothing.</summary>
internal sealed class CrossEntropyCase : OperationCase
{
    private readonly Operand logits, labels, loss, dlogits;
    private readonly int firstRow, rows;
    private readonly float smoothing, scale;
    private readonly bool accumulate;

    public CrossEntropyCase(int allRows, int classes, int firstRow, int rows, float smoothing, bool accumulate, double spread = 4)
        : base("CrossEntropy", $"[{allRows}, {classes}] rows {firstRow}+{rows} smoothing {smoothing} spread {spread}{(accumulate ? " accumulate" : "")}")
    {
        (this.firstRow, this.rows, this.smoothing, this.accumulate, scale) = (firstRow, rows, smoothing, accumulate, 0.7f);
        logits = Floats("logits", new Shape(allRows, classes), scale: spread);
        labels = Integers("labels", new Shape(rows), classes);
        loss = Floats("loss", new Shape(1), Written(accumulate));
        dlogits = Floats("dlogits", new Shape(allRows, classes), Written(accumulate), scale: 0.01);
    }

    // Computed in double, stored in float32.
    public override double Tolerance => Pointwise;

    public override void Run(IBackend backend) =>
        backend.CrossEntropy(logits, labels, loss, dlogits, firstRow, rows, smoothing, scale, accumulate);

    protected override void Reference()
    {
        int classes = logits.Shape.Columns;
        double total = 0;
        for (int row = 0; row < logits.Shape.Rows; row++)
        {
            bool inside = row >= firstRow && row < firstRow + rows;
            var softmax = new SoftmaxRow(logits.Values.AsSpan(row * classes, classes));
            for (int k = 0; k < classes; k++)
            {
                double target = !inside ? 0 : (double)smoothing / classes + (k == labels.Values[row - firstRow] ? 1 - (double)smoothing : 0);
                total -= target == 0 ? 0 : target * softmax.Logarithms[k];
                Store(dlogits, row * classes + k, inside ? scale * (softmax.Probabilities[k] - target) / rows : 0, accumulate);
            }
        }

        Store(loss, 0, scale * total / rows, accumulate);
    }
}

/// <summary>KL divergence from a teacher, with temperature and weights.</summary>
internal sealed class DistillationCase : OperationCase
{
    private readonly Operand logits, targets, loss, dlogits;
    private readonly Operand? weights;
    private readonly int firstRow, rows;
    private readonly float temperature, scale;
    private readonly bool accumulate;

    public DistillationCase(
        int allRows, int classes, int firstRow, int rows, float temperature, bool weighted, bool accumulate, double spread = 4)
        : base(
            "Distillation",
            $"[{allRows}, {classes}] rows {firstRow}+{rows} temperature {temperature} spread {spread}{(weighted ? " weighted" : "")}"
            + (accumulate ? " accumulate" : ""))
    {
        (this.firstRow, this.rows, this.temperature, this.accumulate, scale) = (firstRow, rows, temperature, accumulate, 0.7f);
        logits = Floats("logits", new Shape(allRows, classes), scale: spread);
        targets = Floats("targets", new Shape(rows, classes), scale: spread);
        weights = weighted ? Floats("weights", new Shape(rows), scale: 0.5, offset: 0.5) : null;
        loss = Floats("loss", new Shape(1), Written(accumulate));
        dlogits = Floats("dlogits", new Shape(allRows, classes), Written(accumulate), scale: 0.01);
    }

    public override double Tolerance => Pointwise;

    public override void Run(IBackend backend) =>
        backend.Distillation(logits, targets, weights, loss, dlogits, firstRow, rows, temperature, scale, accumulate);

    protected override void Reference()
    {
        int classes = logits.Shape.Columns;
        double total = 0;
        for (int row = 0; row < logits.Shape.Rows; row++)
        {
            int from = row - firstRow;
            bool inside = from >= 0 && from < rows;
            var student = new SoftmaxRow(logits.Values.AsSpan(row * classes, classes), temperature);
            var teacher = inside ? new SoftmaxRow(targets.Values.AsSpan(from * classes, classes), temperature) : student;
            double weight = inside ? weights?.Values[from] ?? 1 : 0;
            for (int k = 0; k < classes; k++)
            {
                double q = teacher.Probabilities[k], p = student.Probabilities[k];
                total += q == 0 ? 0 : weight * temperature * temperature * q * (teacher.Logarithms[k] - student.Logarithms[k]);
                Store(dlogits, row * classes + k, scale * weight * temperature * (p - q) / rows, accumulate);
            }
        }

        Store(loss, 0, scale * total / rows, accumulate);
    }
}

/// <summary>Jensen–Shannon consistency of three views.</summary>
internal sealed class JensenShannonCase : OperationCase
{
    private const double Floor = 1e-7;

    private readonly Operand logits, loss, dlogits;
    private readonly float scale = 12;
    private readonly bool accumulate;

    public JensenShannonCase(int samples, int classes, bool accumulate, double spread = 4)
        : base("JensenShannon", $"[3x{samples}, {classes}] spread {spread}{(accumulate ? " accumulate" : "")}")
    {
        this.accumulate = accumulate;
        logits = Floats("logits", new Shape(3 * samples, classes), scale: spread);
        loss = Floats("loss", new Shape(1), Written(accumulate));
        dlogits = Floats("dlogits", new Shape(3 * samples, classes), Written(accumulate), scale: 0.01);
    }

    public override double Tolerance => Pointwise;

    public override void Run(IBackend backend) => backend.JensenShannon(logits, loss, dlogits, scale, accumulate);

    protected override void Reference()
    {
        int classes = logits.Shape.Columns, samples = logits.Shape.Rows / 3;
        double total = 0, factor = (double)scale / samples / 3;
        for (int sample = 0; sample < samples; sample++)
        {
            var views = new SoftmaxRow[3];
            for (int view = 0; view < 3; view++)
                views[view] = new SoftmaxRow(logits.Values.AsSpan((view * samples + sample) * classes, classes));
            for (int view = 0; view < 3; view++)
            {
                // d/dp_j of sum_i KL(p_i || M): log p_j - log M + 1 - [M not clamped], then through the softmax.
                var g = new double[classes];
                double mean = 0;
                for (int k = 0; k < classes; k++)
                {
                    double p = views[view].Probabilities[k];
                    double mixture = (views[0].Probabilities[k] + views[1].Probabilities[k] + views[2].Probabilities[k]) / 3;
                    double ratio = p == 0 ? 0 : views[view].Logarithms[k] - Math.Log(Math.Clamp(mixture, Floor, 1));
                    g[k] = ratio + (mixture < Floor ? 1 : 0);
                    mean += p * g[k];
                    total += p * ratio;
                }

                for (int k = 0; k < classes; k++)
                {
                    double value = factor * views[view].Probabilities[k] * (g[k] - mean);
                    Store(dlogits, (view * samples + sample) * classes + k, value, accumulate);
                }
            }
        }

        Store(loss, 0, factor * total, accumulate);
    }
}
