using Robustify.Kernels.Backends;
using Robustify.Kernels.Tensors;

namespace Robustify.Kernels.Parity.Cases;

/// <summary>y (+)= x across types.</summary>
internal sealed class CastCase : OperationCase
{
    private readonly Operand x, y;
    private readonly bool accumulate;

    public CastCase(DType from, DType to, int count, bool accumulate)
        : base("Cast", $"{from} to {to} [{count}]{(accumulate ? " accumulate" : "")}")
    {
        this.accumulate = accumulate;
        x = Typed("x", from, new Shape(count), scale: 3);
        y = Typed("y", to, new Shape(count), Written(accumulate));
    }

    public override double Tolerance => Pointwise;

    public override void Run(IBackend backend) => backend.Cast(x, y, accumulate);

    protected override void Reference()
    {
        for (int i = 0; i < y.Expected.Length; i++)
            Store(y, i, x.Values[i], accumulate);
    }
}

/// <summary>The global norm's square; one that is not finite must stay for the host to see.</summary>
internal sealed class SumOfSquaresCase : OperationCase
{
    private readonly Operand x, sum;
    private readonly bool accumulate;
    private readonly double? before;

    public SumOfSquaresCase(int count, bool accumulate, double? before = null, int shift = 0)
        : base("SumOfSquares", $"[{count}]{(accumulate ? " accumulate" : "")}{(before is null ? "" : $" after {before}")}{(shift == 0 ? "" : " unaligned")}")
    {
        (this.accumulate, this.before) = (accumulate, before);
        x = Floats("x", new Shape(count), shift: shift);
        sum = Typed("sum", DType.Float64, new Shape(1), OperandRole.Updated, offset: 2);
    }

    // In double: the products are exact, the sum rounds in the sixteenth digit.
    public override double Tolerance => 1e-12;

    public override void Run(IBackend backend) => backend.SumOfSquares(x, sum, accumulate);

    protected override void Adjust() => sum.Values[0] = before ?? sum.Values[0];

    protected override void Reference()
    {
        if (double.IsFinite(sum.Values[0]))
            Store(sum, 0, x.Values.Sum(value => value * value), accumulate);
    }
}

/// <summary>Clipping by the global norm.</summary>
internal sealed class ClipToNormCase : OperationCase
{
    private readonly Operand x, sum;
    private readonly double squares, maximumNorm;

    public ClipToNormCase(int count, double squares, double maximumNorm)
        : base("ClipToNorm", $"[{count}] squares {squares} to {maximumNorm}")
    {
        (this.squares, this.maximumNorm) = (squares, maximumNorm);
        x = Floats("x", new Shape(count), OperandRole.Updated);
        sum = Typed("sum", DType.Float64, new Shape(1));
    }

    public override double Tolerance => Pointwise;

    public override void Run(IBackend backend) => backend.ClipToNorm(x, sum, maximumNorm);

    protected override void Adjust() => sum.Values[0] = squares;

    protected override void Reference()
    {
        double factor = maximumNorm / (Math.Sqrt(squares) + 1e-6);
        if (!double.IsFinite(squares) || !(factor < 1))
            return;
        for (int i = 0; i < x.Expected.Length; i++)
            x.Expected[i] = x.Values[i] * factor;
    }
}

/// <summary>x *= factor.</summary>
internal sealed class ScaleCase : OperationCase
{
    private const float Factor = 0.3f;

    private readonly Operand x;

    public ScaleCase(int count)
        : base("Scale", $"[{count}]") => x = Floats("x", new Shape(count), OperandRole.Updated);

    public override double Tolerance => Pointwise;

    public override void Run(IBackend backend) => backend.Scale(x, Factor);

    protected override void Reference()
    {
        for (int i = 0; i < x.Expected.Length; i++)
            x.Expected[i] = x.Values[i] * Factor;
    }
}

/// <summary>One step of SGD.</summary>
internal sealed class SgdStepCase : OperationCase
{
    private const float Rate = 0.05f;

    private readonly Operand x, gradient, constants;
    private readonly Operand? velocity, sum;
    private readonly SgdStepOptions options;
    private readonly long step;
    private readonly double squares;

    public SgdStepCase(int count, SgdStepOptions options, long step, double? squares = null)
        : base("SgdStep", $"[{count}] {options} step {step}{(squares is null ? "" : $" squares {squares}")}")
    {
        (this.options, this.step, this.squares) = (options, step, squares ?? 0);
        x = Floats("x", new Shape(count), OperandRole.Updated);
        gradient = Floats("gradient", new Shape(count));
        velocity = options.Momentum == 0 ? null : Floats("velocity", new Shape(count), OperandRole.Updated);
        constants = Floats("constants", new Shape(OptimizerConstants.Floats));
        sum = squares is null ? null : Typed("sum", DType.Float64, new Shape(1));
    }

    public override double Tolerance => Pointwise;

    public override void Run(IBackend backend) => backend.SgdStep(x, gradient, velocity, constants, sum, options);

    protected override void Adjust()
    {
        var values = OptimizerConstants.ForSgd(Rate, step);
        new double[] { values.Rate, values.AdamStepSize, values.AdamRootScale, values.FirstStep }.CopyTo(constants.Values, 0);
        if (sum is not null)
            sum.Values[0] = squares;
    }

    protected override void Reference()
    {
        if (!double.IsFinite(squares))
            return;
        for (int i = 0; i < x.Expected.Length; i++)
        {
            double direction = gradient.Values[i] + (double)options.WeightDecay * x.Values[i];
            if (velocity is not null)
            {
                double v = step == 1 ? direction : (double)options.Momentum * velocity.Values[i] + (1 - (double)options.Dampening) * direction;
                velocity.Expected[i] = v;
                direction = options.Nesterov ? direction + (double)options.Momentum * v : v;
            }

            x.Expected[i] = x.Values[i] - (double)Rate * direction;
        }
    }
}

/// <summary>One step of AdamW.</summary>
internal sealed class AdamWStepCase : OperationCase
{
    private const float Rate = 0.01f;
    private static readonly AdamWStepOptions Options = new(0.9f, 0.999f, 1e-8f, 0.05f);

    private readonly Operand x, gradient, firstMoment, secondMoment, constants;
    private readonly Operand? sum;
    private readonly long step;
    private readonly double squares;

    public AdamWStepCase(int count, long step, double? squares = null, int shift = 0)
        : base("AdamWStep", $"[{count}] step {step}{(squares is null ? "" : $" squares {squares}")}{(shift == 0 ? "" : " unaligned")}")
    {
        (this.step, this.squares) = (step, squares ?? 0);
        x = Floats("x", new Shape(count), OperandRole.Updated);
        gradient = Floats("gradient", new Shape(count), shift: shift);
        firstMoment = Floats("firstMoment", new Shape(count), OperandRole.Updated, scale: 0.1);
        secondMoment = Floats("secondMoment", new Shape(count), OperandRole.Updated, scale: 0.02, offset: 0.03);
        constants = Floats("constants", new Shape(OptimizerConstants.Floats));
        sum = squares is null ? null : Typed("sum", DType.Float64, new Shape(1));
    }

    public override double Tolerance => Pointwise;

    public override void Run(IBackend backend) => backend.AdamWStep(x, gradient, firstMoment, secondMoment, constants, sum, Options);

    protected override void Adjust()
    {
        var values = OptimizerConstants.ForAdamW(Rate, Options.Beta1, Options.Beta2, step);
        new double[] { values.Rate, values.AdamStepSize, values.AdamRootScale, values.FirstStep }.CopyTo(constants.Values, 0);
        if (sum is not null)
            sum.Values[0] = squares;
    }

    protected override void Reference()
    {
        if (!double.IsFinite(squares))
            return;
        for (int i = 0; i < x.Expected.Length; i++)
        {
            double g = gradient.Values[i];
            double m = Options.Beta1 * firstMoment.Values[i] + (1 - (double)Options.Beta1) * g;
            double v = Options.Beta2 * secondMoment.Values[i] + (1 - (double)Options.Beta2) * g * g;
            double root = Math.Sqrt(v) / Math.Sqrt(1 - Math.Pow(Options.Beta2, step)) + Options.Epsilon;
            firstMoment.Expected[i] = m;
            secondMoment.Expected[i] = v;
            x.Expected[i] = x.Values[i] * (1 - (double)Rate * Options.WeightDecay) - Rate / (1 - Math.Pow(Options.Beta1, step)) * m / root;
        }
    }
}
