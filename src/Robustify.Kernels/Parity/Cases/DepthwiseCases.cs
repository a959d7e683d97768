using Robustify.Kernels.Backends;
using Robustify.Kernels.Tensors;

namespace Robustify.Kernels.Parity.Cases;

/// <summary>What the depthwise cases have in common: which elements meet.</summary>
internal abstract class DepthwiseCaseBase(string operation, Shape image, int kernel, string detail)
    : OperationCase(operation, $"{image}, kernel {kernel}{detail}")
{
    public override double Tolerance => Accumulated;

    protected Shape Weight { get; } = new(image[3], kernel, kernel, 1);

    /// <summary>Calls <paramref name="meet"/> with the offsets of x, weight and y for every product.</summary>
    protected void ForEachProduct(Action<int, int, int> meet)
    {
        int channels = image[3];
        for (int to = 0; to < image.Count; to++)
        {
            int channel = to % channels, column = to / channels % image[2], row = to / channels / image[2] % image[1];
            for (int tap = 0; tap < kernel * kernel; tap++)
            {
                int down = tap / kernel - kernel / 2, right = tap % kernel - kernel / 2;
                if (row + down >= 0 && row + down < image[1] && column + right >= 0 && column + right < image[2])
                    meet(to + (down * image[2] + right) * channels, channel * kernel * kernel + tap, to);
            }
        }
    }
}

/// <summary>y = x * weight + bias.</summary>
internal sealed class DepthwiseConvolutionCase : DepthwiseCaseBase
{
    private readonly Operand x, weight, y;
    private readonly Operand? bias;

    public DepthwiseConvolutionCase(Shape image, int kernel, bool hasBias, int shift = 0)
        : base("DepthwiseConvolution", image, kernel, $"{(hasBias ? " bias" : "")}{(shift == 0 ? "" : " unaligned")}")
    {
        x = Activations("x", image, shift: shift);
        weight = Floats("weight", Weight);
        bias = hasBias ? Floats("bias", new Shape(image[3])) : null;
        y = Activations("y", image, OperandRole.Output);
    }

    public override void Run(IBackend backend) => backend.DepthwiseConvolution(x, weight, bias, y);

    protected override void Reference()
    {
        for (int i = 0; i < y.Expected.Length; i++)
            y.Expected[i] = bias?.Values[i % y.Shape.Columns] ?? 0;
        ForEachProduct((from, by, to) => y.Expected[to] += x.Values[from] * weight.Values[by]);
    }
}

/// <summary>dx (+)= dy * weight turned round.</summary>
internal sealed class DepthwiseInputGradientCase : DepthwiseCaseBase
{
    private readonly Operand dy, weight, dx;
    private readonly bool accumulate;

    public DepthwiseInputGradientCase(Shape image, int kernel, bool accumulate, int shift = 0)
        : base("DepthwiseConvolutionInputGradient", image, kernel, $"{(accumulate ? " accumulate" : "")}{(shift == 0 ? "" : " unaligned")}")
    {
        this.accumulate = accumulate;
        dy = Activations("dy", image, shift: shift);
        weight = Floats("weight", Weight);
        dx = Activations("dx", image, Written(accumulate));
    }

    public override void Run(IBackend backend) => backend.DepthwiseConvolutionInputGradient(dy, weight, dx, accumulate);

    protected override void Reference()
    {
        if (!accumulate)
            Array.Clear(dx.Expected);
        ForEachProduct((to, by, from) => dx.Expected[to] += dy.Values[from] * weight.Values[by]);
    }
}

/// <summary>dweight (+)= sum over positions of dy times x.</summary>
internal sealed class DepthwiseWeightGradientCase : DepthwiseCaseBase
{
    private readonly Operand dy, x, dweight;
    private readonly bool accumulate;

    public DepthwiseWeightGradientCase(Shape image, int kernel, bool accumulate, int shift = 0)
        : base("DepthwiseConvolutionWeightGradient", image, kernel, $"{(accumulate ? " accumulate" : "")}{(shift == 0 ? "" : " unaligned")}")
    {
        this.accumulate = accumulate;
        dy = Activations("dy", image, shift: shift);
        x = Activations("x", image);
        dweight = Floats("dweight", Weight, Written(accumulate));
    }

    public override void Run(IBackend backend) => backend.DepthwiseConvolutionWeightGradient(dy, x, dweight, accumulate);

    protected override void Reference()
    {
        if (!accumulate)
            Array.Clear(dweight.Expected);
        ForEachProduct((from, to, by) => dweight.Expected[to] += dy.Values[by] * x.Values[from]);
    }
}
