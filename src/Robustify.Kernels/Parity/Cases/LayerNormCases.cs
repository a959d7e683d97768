using Robustify.Kernels.Backends;
using Robustify.Kernels.Tensors;

namespace Robustify.Kernels.Parity.Cases;

/// <summary>Layer normalisation forward.</summary>
internal sealed class LayerNormCase : OperationCase
{
    private const float Epsilon = 1e-6f;

    private readonly Operand x, gamma, beta, y, mean, reciprocalDeviation;

    public LayerNormCase(int rows, int columns, double offset = 0, int shift = 0)
        : base("LayerNorm", $"[{rows}, {columns}]{(offset == 0 ? "" : " far from zero")}{(shift == 0 ? "" : " unaligned")}")
    {
        x = Activations("x", new Shape(rows, columns), offset: offset, shift: shift);
        gamma = Floats("gamma", new Shape(columns), offset: 1);
        beta = Floats("beta", new Shape(columns));
        y = Activations("y", new Shape(rows, columns), OperandRole.Output);
        mean = Floats("mean", new Shape(rows), OperandRole.Output);
        reciprocalDeviation = Floats("reciprocalDeviation", new Shape(rows), OperandRole.Output);
    }

    // A mean of 100 in float32 is off by up to 4e-6, against deviations of 0.6: 1e-5 relative comes from the mean alone.
    public override double Tolerance => Accumulated;

    public override void Run(IBackend backend) => backend.LayerNorm(x, gamma, beta, y, mean, reciprocalDeviation, Epsilon);

    protected override void Reference()
    {
        int rows = x.Shape.Rows, columns = x.Shape.Columns;
        for (int row = 0; row < rows; row++)
        {
            var values = x.Values.AsSpan(row * columns, columns);
            double sum = 0, squares = 0;
            foreach (double value in values)
                sum += value;
            double average = sum / columns;
            foreach (double value in values)
                squares += (value - average) * (value - average);
            double reciprocal = 1 / Math.Sqrt(squares / columns + Epsilon);
            mean.Expected[row] = average;
            reciprocalDeviation.Expected[row] = reciprocal;
            for (int column = 0; column < columns; column++)
                y.Expected[row * columns + column] = (values[column] - average) * reciprocal * gamma.Values[column] + beta.Values[column];
        }
    }
}

/// <summary>Gradients of layer normalisation; the statistics are any numbers, not those of x, which the formulas allow.</summary>
internal sealed class LayerNormInputGradientCase : OperationCase
{
    private readonly Operand dy, x, gamma, mean, reciprocalDeviation, dx;
    private readonly bool accumulate;

    public LayerNormInputGradientCase(int rows, int columns, bool accumulate, int shift = 0)
        : base("LayerNormInputGradient", $"[{rows}, {columns}]{(accumulate ? " accumulate" : "")}{(shift == 0 ? "" : " unaligned")}")
    {
        this.accumulate = accumulate;
        dy = Activations("dy", new Shape(rows, columns), shift: shift);
        x = Activations("x", new Shape(rows, columns));
        gamma = Floats("gamma", new Shape(columns), offset: 1);
        mean = Floats("mean", new Shape(rows), scale: 0.1);
        reciprocalDeviation = Floats("reciprocalDeviation", new Shape(rows), scale: 0.2, offset: 1.5);
        dx = Activations("dx", new Shape(rows, columns), Written(accumulate));
    }

    public override double Tolerance => Accumulated;

    public override void Run(IBackend backend) => backend.LayerNormInputGradient(dy, x, gamma, mean, reciprocalDeviation, dx, accumulate);

    protected override void Reference()
    {
        int rows = x.Shape.Rows, columns = x.Shape.Columns;
        for (int row = 0; row < rows; row++)
        {
            double reciprocal = reciprocalDeviation.Values[row], sumG = 0, sumGn = 0;
            for (int column = 0; column < columns; column++)
            {
                double g = dy.Values[row * columns + column] * gamma.Values[column];
                sumG += g;
                sumGn += g * Normalized(row, column);
            }

            for (int column = 0; column < columns; column++)
            {
                double g = dy.Values[row * columns + column] * gamma.Values[column];
                double value = reciprocal * (g - sumG / columns - Normalized(row, column) * sumGn / columns);
                Store(dx, row * columns + column, value, accumulate);
            }
        }
    }

    private double Normalized(int row, int column) =>
        (x.Values[row * x.Shape.Columns + column] - mean.Values[row]) * reciprocalDeviation.Values[row];
}

/// <summary>dgamma and dbeta.</summary>
internal sealed class LayerNormParameterGradientCase : OperationCase
{
    private readonly Operand dy, x, mean, reciprocalDeviation, dgamma, dbeta;
    private readonly bool accumulate;

    public LayerNormParameterGradientCase(int rows, int columns, bool accumulate, int shift = 0)
        : base("LayerNormParameterGradient", $"[{rows}, {columns}]{(accumulate ? " accumulate" : "")}{(shift == 0 ? "" : " unaligned")}")
    {
        this.accumulate = accumulate;
        dy = Activations("dy", new Shape(rows, columns), shift: shift);
        x = Activations("x", new Shape(rows, columns));
        mean = Floats("mean", new Shape(rows), scale: 0.1);
        reciprocalDeviation = Floats("reciprocalDeviation", new Shape(rows), scale: 0.2, offset: 1.5);
        dgamma = Floats("dgamma", new Shape(columns), Written(accumulate));
        dbeta = Floats("dbeta", new Shape(columns), Written(accumulate));
    }

    public override double Tolerance => Accumulated;

    public override void Run(IBackend backend) =>
        backend.LayerNormParameterGradient(dy, x, mean, reciprocalDeviation, dgamma, dbeta, accumulate);

    protected override void Reference()
    {
        int rows = x.Shape.Rows, columns = x.Shape.Columns;
        for (int column = 0; column < columns; column++)
        {
            double gamma = 0, beta = 0;
            for (int row = 0; row < rows; row++)
            {
                int i = row * columns + column;
                gamma += dy.Values[i] * (x.Values[i] - mean.Values[row]) * reciprocalDeviation.Values[row];
                beta += dy.Values[i];
            }

            Store(dgamma, column, gamma, accumulate);
            Store(dbeta, column, beta, accumulate);
        }
    }
}
