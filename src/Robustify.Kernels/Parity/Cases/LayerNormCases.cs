using Robustify.Kernels.Backends;
using Robustify.Kernels.Tensors;

namespace Robustify.Kernels.Parity.Cases;

/// <summary>Layer normalisation forward, alone or of a residual sum.</summary>
internal sealed class LayerNormCase : OperationCase
{
    private const float Epsilon = 1e-6f;

    private readonly Operand x, gamma, beta, y, mean, reciprocalDeviation;
    private readonly Operand? branch, sum;

    /// <param name="rows">Rows.</param>
    /// <param name="columns">Columns.</param>
    /// <param name="residual">Whether a branch is added first.</param>
    /// <param name="offset">Mean of x.</param>
    /// <param name="shift">Misaligns x.</param>
    /// <param name="inPlace">Whether the sum takes the place of x.</param>
    public LayerNormCase(int rows, int columns, bool residual = false, double offset = 0, int shift = 0, bool inPlace = false)
        : base(
            residual ? "ResidualLayerNorm" : "LayerNorm",
            $"[{rows}, {columns}]{(offset == 0 ? "" : " far from zero")}{(shift == 0 ? "" : " unaligned")}{(inPlace ? " in place" : "")}")
    {
        x = Activations("x", new Shape(rows, columns), inPlace ? OperandRole.Updated : OperandRole.Input, offset: offset, shift: shift);
        branch = residual ? Activations("branch", new Shape(rows, columns)) : null;
        gamma = Floats("gamma", new Shape(columns), offset: 1);
        beta = Floats("beta", new Shape(columns));
        sum = !residual ? null : inPlace ? x : Activations("sum", new Shape(rows, columns), OperandRole.Output);
        y = Activations("y", new Shape(rows, columns), OperandRole.Output);
        mean = Floats("mean", new Shape(rows), OperandRole.Output);
        reciprocalDeviation = Floats("reciprocalDeviation", new Shape(rows), OperandRole.Output);
    }

    // A mean of 100 in float32 is off by up to 4e-6, against deviations of 0.6: 1e-5 relative comes from the mean alone.
    public override double Tolerance => Accumulated;

    public override void Run(IBackend backend)
    {
        if (sum is null)
            backend.LayerNorm(x, gamma, beta, y, mean, reciprocalDeviation, Epsilon);
        else
            backend.ResidualLayerNorm(x, branch, gamma, beta, sum, y, mean, reciprocalDeviation, Epsilon);
    }

    protected override void Reference()
    {
        int rows = x.Shape.Rows, columns = x.Shape.Columns;
        for (int row = 0; row < rows; row++)
        {
            var values = x.Values.AsSpan(row * columns, columns);
            if (sum is not null)
            {
                // What is normalised is the sum as it is stored, because the backward pass knows no other.
                for (int column = 0; column < columns; column++)
                    sum.Expected[row * columns + column] = sum.Round(values[column] + branch!.Values[row * columns + column]);
                values = sum.Expected.AsSpan(row * columns, columns);
            }

            double total = 0, squares = 0;
            foreach (double value in values)
                total += value;
            double average = total / columns;
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
    private readonly Operand? dsum;
    private readonly bool accumulate;

    /// <param name="rows">Rows.</param>
    /// <param name="columns">Columns.</param>
    /// <param name="accumulate">Whether dx holds something that is added to; with <paramref name="residual"/>, dsum is dx.</param>
    /// <param name="shift">Misaligns dy.</param>
    /// <param name="residual">Whether x is a residual sum, whose gradient also comes past the norm.</param>
    public LayerNormInputGradientCase(int rows, int columns, bool accumulate, int shift = 0, bool residual = false)
        : base(
            residual ? "ResidualLayerNormInputGradient" : "LayerNormInputGradient",
            $"[{rows}, {columns}]{(!accumulate ? "" : residual ? " in place" : " accumulate")}{(shift == 0 ? "" : " unaligned")}")
    {
        this.accumulate = accumulate;
        dy = Activations("dy", new Shape(rows, columns), shift: shift);
        x = Activations(residual ? "sum" : "x", new Shape(rows, columns));
        gamma = Floats("gamma", new Shape(columns), offset: 1);
        mean = Floats("mean", new Shape(rows), scale: 0.1);
        reciprocalDeviation = Floats("reciprocalDeviation", new Shape(rows), scale: 0.2, offset: 1.5);
        dx = Activations("dx", new Shape(rows, columns), Written(accumulate));
        dsum = !residual ? null : accumulate ? dx : Activations("dsum", new Shape(rows, columns));
    }

    public override double Tolerance => Accumulated;

    public override void Run(IBackend backend)
    {
        if (dsum is null)
            backend.LayerNormInputGradient(dy, x, gamma, mean, reciprocalDeviation, dx, accumulate);
        else
            backend.ResidualLayerNormInputGradient(dy, dsum, x, gamma, mean, reciprocalDeviation, dx);
    }

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
                int i = row * columns + column;
                Store(dx, i, value + (dsum is null || accumulate ? 0 : dsum.Values[i]), accumulate);
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
