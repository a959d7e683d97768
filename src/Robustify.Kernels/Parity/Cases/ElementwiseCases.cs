using Robustify.Kernels.Backends;
using Robustify.Kernels.Tensors;

namespace Robustify.Kernels.Parity.Cases;

/// <summary>y = a + b.</summary>
internal sealed class AddCase : OperationCase
{
    private readonly Operand a, b, y;

    public AddCase(int count, int shift = 0)
        : base("Add", $"[{count}]{(shift == 0 ? "" : " unaligned")}")
    {
        a = Activations("a", new Shape(count));
        b = Activations("b", new Shape(count), shift: shift);
        y = Activations("y", new Shape(count), OperandRole.Output);
    }

    public override double Tolerance => Pointwise;

    public override void Run(IBackend backend) => backend.Add(a, b, y);

    protected override void Reference()
    {
        for (int i = 0; i < y.Expected.Length; i++)
            y.Expected[i] = a.Values[i] + b.Values[i];
    }
}

/// <summary>y (+)= x.</summary>
internal sealed class CopyCase : OperationCase
{
    private readonly Operand x, y;
    private readonly bool accumulate;

    public CopyCase(int count, bool accumulate, int shift = 0)
        : base("Copy", $"[{count}]{(accumulate ? " accumulate" : "")}{(shift == 0 ? "" : " unaligned")}")
    {
        this.accumulate = accumulate;
        x = Activations("x", new Shape(count), shift: shift);
        y = Activations("y", new Shape(count), Written(accumulate));
    }

    public override double Tolerance => Pointwise;

    public override void Run(IBackend backend) => backend.Copy(x, y, accumulate);

    protected override void Reference()
    {
        for (int i = 0; i < y.Expected.Length; i++)
            Store(y, i, x.Values[i], accumulate);
    }
}

/// <summary>dx = dy activation'(pre), also in place.</summary>
internal sealed class ActivationGradientCase : OperationCase
{
    private readonly Operand dy, preActivation;
    private readonly Operand? dx;
    private readonly Activation activation;

    public ActivationGradientCase(int count, Activation activation, bool inPlace)
        : base("ActivationGradient", $"[{count}] {activation}{(inPlace ? " in place" : "")}")
    {
        this.activation = activation;
        dy = Activations("dy", new Shape(count), inPlace ? OperandRole.Updated : OperandRole.Input);
        preActivation = Activations("preActivation", new Shape(count), scale: 6);
        dx = inPlace ? null : Activations("dx", new Shape(count), OperandRole.Output);
    }

    public override double Tolerance => Pointwise;

    public override void Run(IBackend backend) => backend.ActivationGradient(dy, preActivation, dx ?? dy, activation);

    protected override void Reference()
    {
        var destination = (dx ?? dy).Expected;
        for (int i = 0; i < destination.Length; i++)
            destination[i] = dy.Values[i] * Derivative(preActivation.Values[i]);
    }

    private double Derivative(double x)
    {
        if (activation == Activation.None)
            return 1;
        if (activation == Activation.Gelu)
            return ScalarFunctions.NormalCdf(x) + x * Math.Exp(-0.5 * x * x) / Math.Sqrt(2 * Math.PI);
        double s = 1 / (1 + Math.Exp(-1.702 * x));
        return s + 1.702 * x * s * (1 - s);
    }
}

/// <summary>db (+)= column sums of dy.</summary>
internal sealed class BiasGradientCase : OperationCase
{
    private readonly Operand dy, dbias;
    private readonly bool accumulate;

    public BiasGradientCase(int rows, int columns, bool accumulate, int shift = 0)
        : base("BiasGradient", $"[{rows}, {columns}]{(accumulate ? " accumulate" : "")}{(shift == 0 ? "" : " unaligned")}")
    {
        this.accumulate = accumulate;
        dy = Activations("dy", new Shape(rows, columns), shift: shift);
        dbias = Floats("dbias", new Shape(columns), Written(accumulate));
    }

    public override double Tolerance => Accumulated;

    public override void Run(IBackend backend) => backend.BiasGradient(dy, dbias, accumulate);

    protected override void Reference()
    {
        int rows = dy.Shape.Rows, columns = dy.Shape.Columns;
        for (int column = 0; column < columns; column++)
        {
            double sum = 0;
            for (int row = 0; row < rows; row++)
                sum += dy.Values[row * columns + column];
            Store(dbias, column, sum, accumulate);
        }
    }
}
