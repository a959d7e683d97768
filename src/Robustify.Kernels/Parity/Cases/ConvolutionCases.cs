using Robustify.Kernels.Backends;
using Robustify.Kernels.Tensors;

namespace Robustify.Kernels.Parity.Cases;

/// <summary>Extents of a convolution case; <paramref name="Shift"/> misaligns x.</summary>
internal readonly record struct ConvolutionSize(
    int Samples, int High, int Wide, int Channels, int Outputs, ConvolutionGeometry Geometry, int Shift = 0)
{
    public Shape Input => new(Samples, High, Wide, Channels);

    public Shape Weight => new(Outputs, Geometry.Kernel, Geometry.Kernel, Channels);

    public Shape Output => Geometry.OutputShape(Input, Outputs);

    public override string ToString() =>
        $"{Input} to {Outputs}, kernel {Geometry.Kernel}, stride {Geometry.Stride}, padding {Geometry.Padding}{(Shift == 0 ? "" : " unaligned")}";
}

/// <summary>What the three convolution cases have in common: which elements meet.</summary>
internal abstract class ConvolutionCaseBase(string operation, ConvolutionSize size, bool accumulate)
    : OperationCase(operation, $"{size}{(accumulate ? " accumulate" : "")}")
{
    // bfloat16: a gradient that adds is rounded before and after the sum.
    public override double Tolerance => Operands[0].Type == DType.BFloat16 ? 1.0 / 256 : Accumulated;

    protected ConvolutionSize Size => size;

    /// <summary>Calls <paramref name="meet"/> with the offsets of x, weight and y for every product, channels of x running fastest.</summary>
    protected void ForEachProduct(Action<int, int, int> meet)
    {
        var g = size.Geometry;
        var (input, output) = (size.Input, size.Output);
        for (int position = 0; position < output.Rows; position++)
        {
            int sample = position / (output[1] * output[2]), row = position / output[2] % output[1], column = position % output[2];
            for (int tap = 0; tap < g.Kernel * g.Kernel; tap++)
            {
                int high = row * g.Stride - g.Padding + tap / g.Kernel, wide = column * g.Stride - g.Padding + tap % g.Kernel;
                if (high < 0 || high >= input[1] || wide < 0 || wide >= input[2])
                    continue;
                int source = ((sample * input[1] + high) * input[2] + wide) * input[3];
                for (int o = 0; o < size.Outputs; o++)
                {
                    int weight = (o * g.Kernel * g.Kernel + tap) * input[3];
                    for (int channel = 0; channel < input[3]; channel++)
                        meet(source + channel, weight + channel, position * size.Outputs + o);
                }
            }
        }
    }
}

/// <summary>y = x * weight.</summary>
internal sealed class ConvolutionCase : ConvolutionCaseBase
{
    private readonly Operand x, weight, y;

    public ConvolutionCase(ConvolutionSize size)
        : base("Convolution", size, false)
    {
        x = Activations("x", size.Input, shift: size.Shift);
        weight = Activations("weight", size.Weight);
        y = Activations("y", size.Output, OperandRole.Output);
    }

    public override void Run(IBackend backend) => backend.Convolution(x, weight, y, Size.Geometry);

    protected override void Reference()
    {
        Array.Clear(y.Expected);
        ForEachProduct((from, by, to) => y.Expected[to] += x.Values[from] * weight.Values[by]);
    }
}

/// <summary>dx (+)= dy * weight transposed.</summary>
internal sealed class ConvolutionInputGradientCase : ConvolutionCaseBase
{
    private readonly Operand dy, weight, dx;
    private readonly bool accumulate;

    public ConvolutionInputGradientCase(ConvolutionSize size, bool accumulate)
        : base("ConvolutionInputGradient", size, accumulate)
    {
        this.accumulate = accumulate;
        dy = Activations("dy", size.Output, shift: size.Shift);
        weight = Activations("weight", size.Weight);
        dx = Activations("dx", size.Input, Written(accumulate));
    }

    public override void Run(IBackend backend) => backend.ConvolutionInputGradient(dy, weight, dx, Size.Geometry, accumulate);

    protected override void Reference()
    {
        if (!accumulate)
            Array.Clear(dx.Expected);
        ForEachProduct((to, by, from) => dx.Expected[to] += dy.Values[from] * weight.Values[by]);
    }
}

/// <summary>dweight (+)= sum over positions of dy times x.</summary>
internal sealed class ConvolutionWeightGradientCase : ConvolutionCaseBase
{
    private readonly Operand dy, x, dweight;
    private readonly bool accumulate;

    public ConvolutionWeightGradientCase(ConvolutionSize size, bool accumulate)
        : base("ConvolutionWeightGradient", size, accumulate)
    {
        this.accumulate = accumulate;
        dy = Activations("dy", size.Output, shift: size.Shift);
        x = Activations("x", size.Input);
        dweight = Floats("dweight", size.Weight, Written(accumulate));
    }

    // Products of bfloat16 values are exact in float32, and nothing is rounded to bfloat16 here.
    public override double Tolerance => Accumulated;

    public override void Run(IBackend backend) => backend.ConvolutionWeightGradient(dy, x, dweight, Size.Geometry, accumulate);

    protected override void Reference()
    {
        if (!accumulate)
            Array.Clear(dweight.Expected);
        ForEachProduct((from, to, by) => dweight.Expected[to] += dy.Values[by] * x.Values[from]);
    }
}
