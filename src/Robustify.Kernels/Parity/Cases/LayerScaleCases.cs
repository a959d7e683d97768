using Robustify.Kernels.Backends;
using Robustify.Kernels.Tensors;

namespace Robustify.Kernels.Parity.Cases;

/// <summary>Where the residual of a layer scale comes from.</summary>
internal enum LayerScaleResidual
{
    /// <summary>There is none.</summary>
    Absent,

    /// <summary>An operand of its own.</summary>
    Own,

    /// <summary>The result itself: a gradient that adds.</summary>
    Result,
}

/// <summary>y = residual + x scale.</summary>
internal sealed class LayerScaleCase : OperationCase
{
    private readonly Operand x, scale, y;
    private readonly Operand? residual;

    public LayerScaleCase(int rows, int columns, LayerScaleResidual kind, int shift = 0)
        : base("LayerScale", $"[{rows}, {columns}] residual {kind}{(shift == 0 ? "" : " unaligned")}")
    {
        x = Activations("x", new Shape(rows, columns), shift: shift);
        scale = Floats("scale", new Shape(columns));
        residual = kind == LayerScaleResidual.Own ? Activations("residual", new Shape(rows, columns)) : null;
        y = Activations("y", new Shape(rows, columns), Written(kind == LayerScaleResidual.Result));
        residual ??= kind == LayerScaleResidual.Result ? y : null;
    }

    public override double Tolerance => Pointwise;

    public override void Run(IBackend backend) => backend.LayerScale(x, scale, residual, y);

    protected override void Reference()
    {
        for (int i = 0; i < y.Expected.Length; i++)
            y.Expected[i] = x.Values[i] * scale.Values[i % scale.Values.Length] + (residual?.Values[i] ?? 0);
    }
}

/// <summary>dscale (+)= column sums of dy x.</summary>
internal sealed class LayerScaleParameterGradientCase : OperationCase
{
    private readonly Operand dy, x, dscale;
    private readonly bool accumulate;

    public LayerScaleParameterGradientCase(int rows, int columns, bool accumulate, int shift = 0)
        : base("LayerScaleParameterGradient", $"[{rows}, {columns}]{(accumulate ? " accumulate" : "")}{(shift == 0 ? "" : " unaligned")}")
    {
        this.accumulate = accumulate;
        dy = Activations("dy", new Shape(rows, columns), shift: shift);
        x = Activations("x", new Shape(rows, columns));
        dscale = Floats("dscale", new Shape(columns), Written(accumulate));
    }

    public override double Tolerance => Accumulated;

    public override void Run(IBackend backend) => backend.LayerScaleParameterGradient(dy, x, dscale, accumulate);

    protected override void Reference()
    {
        int columns = dscale.Values.Length;
        for (int column = 0; column < columns; column++)
        {
            double sum = 0;
            for (int i = column; i < x.Values.Length; i += columns)
                sum += dy.Values[i] * x.Values[i];
            Store(dscale, column, sum, accumulate);
        }
    }
}
