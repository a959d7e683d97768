using Robustify.Kernels.Backends;
using Robustify.Kernels.Tensors;

namespace Robustify.Kernels.Parity.Cases;

/// <summary>Rows of a table.</summary>
internal sealed class SelectRowsCase : OperationCase
{
    private readonly Operand table, rows, y;

    public SelectRowsCase(int tableRows, int places, int width)
        : base("SelectRows", $"{places} of [{tableRows}, {width}]")
    {
        table = Activations("table", new Shape(tableRows, width));
        rows = Integers("rows", new Shape(places), tableRows);
        y = Activations("y", new Shape(places, width), OperandRole.Output);
    }

    public override double Tolerance => Pointwise;

    public override void Run(IBackend backend) => backend.SelectRows(table, rows, y);

    protected override void Reference()
    {
        int width = y.Shape.Columns;
        for (int i = 0; i < y.Expected.Length; i++)
            y.Expected[i] = table.Values[(int)rows.Values[i / width] * width + i % width];
    }
}

/// <summary>Gradient of a table: a row that several places took gets the sum, one that none took gets zero.</summary>
internal sealed class SelectRowsGradientCase : OperationCase
{
    private readonly Operand dy, rows, dtable;
    private readonly bool accumulate;

    public SelectRowsGradientCase(int tableRows, int places, int width, bool accumulate, bool isParameter)
        : base("SelectRowsGradient", $"{places} of [{tableRows}, {width}]{(accumulate ? " accumulate" : "")}{(isParameter ? " parameter" : "")}")
    {
        this.accumulate = accumulate;
        dy = Activations("dy", new Shape(places, width));
        rows = Integers("rows", new Shape(places), tableRows);
        var shape = new Shape(tableRows, width);
        dtable = isParameter ? Floats("dtable", shape, Written(accumulate)) : Activations("dtable", shape, Written(accumulate));
    }

    public override double Tolerance => Accumulated;

    public override void Run(IBackend backend) => backend.SelectRowsGradient(dy, rows, dtable, accumulate);

    protected override void Reference()
    {
        int width = dy.Shape.Columns;
        if (!accumulate)
            Array.Clear(dtable.Expected);
        for (int i = 0; i < dy.Values.Length; i++)
            dtable.Expected[(int)rows.Values[i / width] * width + i % width] += dy.Values[i];
    }
}

/// <summary>Rows over their norm.</summary>
internal sealed class NormalizeRowsCase : OperationCase
{
    private readonly Operand x, y, reciprocal;

    public NormalizeRowsCase(int rows, int width)
        : base("NormalizeRows", $"[{rows}, {width}]")
    {
        x = Floats("x", new Shape(rows, width), offset: 0.25);
        y = Floats("y", new Shape(rows, width), OperandRole.Output);
        reciprocal = Floats("reciprocalNorm", new Shape(rows), OperandRole.Output);
    }

    public override double Tolerance => Pointwise;

    public override void Run(IBackend backend) => backend.NormalizeRows(x, y, reciprocal);

    protected override void Reference()
    {
        int width = x.Shape.Columns;
        for (int row = 0; row < x.Shape.Rows; row++)
        {
            double norm = Math.Sqrt(x.Values.Skip(row * width).Take(width).Sum(v => v * v));
            reciprocal.Expected[row] = 1 / norm;
            for (int i = row * width; i < (row + 1) * width; i++)
                y.Expected[i] = x.Values[i] / norm;
        }
    }
}

/// <summary>Gradient of <see cref="NormalizeRowsCase"/>.</summary>
internal sealed class NormalizeRowsGradientCase : OperationCase
{
    private readonly Operand dy, y, reciprocal, dx;
    private readonly bool accumulate;

    public NormalizeRowsGradientCase(int rows, int width, bool accumulate)
        : base("NormalizeRowsGradient", $"[{rows}, {width}]{(accumulate ? " accumulate" : "")}")
    {
        this.accumulate = accumulate;
        dy = Floats("dy", new Shape(rows, width));
        y = Floats("y", new Shape(rows, width), scale: 0.3);
        reciprocal = Floats("reciprocalNorm", new Shape(rows), offset: 2);
        dx = Floats("dx", new Shape(rows, width), Written(accumulate));
    }

    public override double Tolerance => Accumulated;

    public override void Run(IBackend backend) => backend.NormalizeRowsGradient(dy, y, reciprocal, dx, accumulate);

    protected override void Reference()
    {
        int width = dy.Shape.Columns;
        for (int row = 0; row < dy.Shape.Rows; row++)
        {
            double dot = 0;
            for (int i = row * width; i < (row + 1) * width; i++)
                dot += dy.Values[i] * y.Values[i];
            for (int i = row * width; i < (row + 1) * width; i++)
                Store(dx, i, (dy.Values[i] - y.Values[i] * dot) * reciprocal.Values[row], accumulate);
        }
    }
}

/// <summary>Everything times the exponential of one number.</summary>
internal sealed class ScaleByExponentialCase : OperationCase
{
    private readonly Operand x, exponent, y;

    public ScaleByExponentialCase(int rows, int width)
        : base("ScaleByExponential", $"[{rows}, {width}]")
    {
        x = Floats("x", new Shape(rows, width));
        exponent = Floats("exponent", new Shape(1), offset: 3);
        y = Floats("y", new Shape(rows, width), OperandRole.Output);
    }

    public override double Tolerance => Pointwise;

    public override void Run(IBackend backend) => backend.ScaleByExponential(x, exponent, y);

    protected override void Reference()
    {
        for (int i = 0; i < y.Expected.Length; i++)
            y.Expected[i] = x.Values[i] * Math.Exp(exponent.Values[0]);
    }
}

/// <summary>Gradients of <see cref="ScaleByExponentialCase"/>; either may be absent.</summary>
internal sealed class ScaleByExponentialGradientCase : OperationCase
{
    private readonly Operand dy, y, exponent;
    private readonly Operand? dx, dexponent;
    private readonly bool accumulate;

    public ScaleByExponentialGradientCase(int rows, int width, bool hasInput, bool hasExponent, bool accumulate)
        : base(
            "ScaleByExponentialGradient",
            $"[{rows}, {width}]{(hasInput ? "" : " no input")}{(hasExponent ? "" : " no exponent")}{(accumulate ? " accumulate" : "")}")
    {
        this.accumulate = accumulate;
        dy = Floats("dy", new Shape(rows, width));
        y = Floats("y", new Shape(rows, width), offset: 0.5);
        exponent = Floats("exponent", new Shape(1), offset: 1);
        dx = hasInput ? Floats("dx", new Shape(rows, width), Written(accumulate)) : null;
        dexponent = hasExponent ? Floats("dexponent", new Shape(1), Written(accumulate)) : null;
    }

    // The sum has positive and negative terms: it may be far smaller than they are.
    public override double Tolerance => 10 * Accumulated;

    public override void Run(IBackend backend) => backend.ScaleByExponentialGradient(dy, y, exponent, dx, dexponent, accumulate, accumulate);

    protected override void Reference()
    {
        double sum = 0;
        for (int i = 0; i < dy.Values.Length; i++)
        {
            sum += dy.Values[i] * y.Values[i];
            if (dx is not null)
                Store(dx, i, dy.Values[i] * Math.Exp(exponent.Values[0]), accumulate);
        }

        if (dexponent is not null)
            Store(dexponent, 0, sum, accumulate);
    }
}
