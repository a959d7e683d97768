using Robustify.Kernels.Backends;
using Robustify.Kernels.Tensors;

namespace Robustify.Kernels.Parity.Cases;

/// <summary>Which optional parts a linear layer has.</summary>
[Flags]
internal enum LinearOptions
{
    None = 0,

    /// <summary>A bias.</summary>
    Bias = 1,

    /// <summary>The pre-activation is kept.</summary>
    Keep = 2,

    /// <summary>The result (or dy) is float32 whatever the storage is, as logits are.</summary>
    Logits = 4,

    /// <summary>A gradient is added.</summary>
    Accumulate = 8,
}

/// <summary>y = activation(x Wᵀ + b).</summary>
internal sealed class LinearCase : OperationCase
{
    private readonly Operand x, weight, y;
    private readonly Operand? bias, preActivation;
    private readonly Activation activation;

    public LinearCase(int rows, int inputs, int outputs, Activation activation, LinearOptions options)
        : base("Linear", $"[{rows}, {inputs}] to {outputs} {activation} {options}")
    {
        this.activation = activation;
        x = Activations("x", new Shape(rows, inputs));
        weight = Activations("weight", new Shape(outputs, inputs));
        bias = options.HasFlag(LinearOptions.Bias) ? Floats("bias", new Shape(outputs)) : null;
        y = options.HasFlag(LinearOptions.Logits)
            ? Floats("y", new Shape(rows, outputs), OperandRole.Output)
            : Activations("y", new Shape(rows, outputs), OperandRole.Output);
        preActivation = options.HasFlag(LinearOptions.Keep) ? Activations("preActivation", new Shape(rows, outputs), OperandRole.Output) : null;
    }

    // bfloat16: the bias is rounded before it is added, and the activation reads a rounded pre-activation; its slope is at most 1.13.
    public override double Tolerance => y.Type == DType.BFloat16 ? 1.0 / 256 : Accumulated;

    public override void Run(IBackend backend) => backend.Linear(x, weight, bias, y, activation, preActivation);

    protected override void Reference()
    {
        int rows = x.Shape.Rows, inputs = x.Shape.Columns, outputs = y.Shape.Columns;
        for (int row = 0; row < rows; row++)
        {
            for (int output = 0; output < outputs; output++)
            {
                double sum = bias?.Values[output] ?? 0;
                for (int input = 0; input < inputs; input++)
                    sum += x.Values[row * inputs + input] * weight.Values[output * inputs + input];
                int i = row * outputs + output;
                if (preActivation is not null)
                    preActivation.Expected[i] = sum;
                y.Expected[i] = Activate(sum, activation);
            }
        }
    }

    /// <summary>The activation in double.</summary>
    public static double Activate(double value, Activation activation) => activation switch
    {
        Activation.Gelu => value * ScalarFunctions.NormalCdf(value),
        Activation.QuickGelu => value / (1 + Math.Exp(-1.702 * value)),
        _ => value,
    };
}

/// <summary>dx (+)= dy W.</summary>
internal sealed class LinearInputGradientCase : OperationCase
{
    private readonly Operand dy, weight, dx;
    private readonly bool accumulate;

    public LinearInputGradientCase(int rows, int inputs, int outputs, LinearOptions options)
        : base("LinearInputGradient", $"[{rows}, {outputs}] to {inputs} {options}")
    {
        accumulate = options.HasFlag(LinearOptions.Accumulate);
        dy = options.HasFlag(LinearOptions.Logits) ? Floats("dy", new Shape(rows, outputs)) : Activations("dy", new Shape(rows, outputs));
        weight = Activations("weight", new Shape(outputs, inputs));
        dx = Activations("dx", new Shape(rows, inputs), Written(accumulate));
    }

    // bfloat16: a float32 dy is rounded first.
    public override double Tolerance => weight.Type == DType.BFloat16 ? 1.0 / 256 : Accumulated;

    public override void Run(IBackend backend) => backend.LinearInputGradient(dy, weight, dx, accumulate);

    protected override void Reference()
    {
        int rows = dy.Shape.Rows, outputs = dy.Shape.Columns, inputs = dx.Shape.Columns;
        for (int row = 0; row < rows; row++)
        {
            for (int input = 0; input < inputs; input++)
            {
                double sum = 0;
                for (int output = 0; output < outputs; output++)
                    sum += dy.Values[row * outputs + output] * weight.Values[output * inputs + input];
                Store(dx, row * inputs + input, sum, accumulate);
            }
        }
    }
}

/// <summary>dW (+)= dyᵀ x.</summary>
internal sealed class LinearWeightGradientCase : OperationCase
{
    private readonly Operand dy, x, dweight;
    private readonly bool accumulate;

    public LinearWeightGradientCase(int rows, int inputs, int outputs, LinearOptions options)
        : base("LinearWeightGradient", $"[{rows}, {inputs}] to {outputs} {options}")
    {
        accumulate = options.HasFlag(LinearOptions.Accumulate);
        dy = options.HasFlag(LinearOptions.Logits) ? Floats("dy", new Shape(rows, outputs)) : Activations("dy", new Shape(rows, outputs));
        x = Activations("x", new Shape(rows, inputs));
        dweight = Floats("dweight", new Shape(outputs, inputs), Written(accumulate));
    }

    // A float32 dy is rounded to bfloat16 where x is; else bfloat16 products are exact in float32.
    public override double Tolerance => dy.Type != x.Type ? 1.0 / 256 : Accumulated;

    public override void Run(IBackend backend) => backend.LinearWeightGradient(dy, x, dweight, accumulate);

    protected override void Reference()
    {
        int rows = dy.Shape.Rows, outputs = dy.Shape.Columns, inputs = x.Shape.Columns;
        for (int output = 0; output < outputs; output++)
        {
            for (int input = 0; input < inputs; input++)
            {
                double sum = 0;
                for (int row = 0; row < rows; row++)
                    sum += dy.Values[row * outputs + output] * x.Values[row * inputs + input];
                Store(dweight, output * inputs + input, sum, accumulate);
            }
        }
    }
}
