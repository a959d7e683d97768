using Robustify.Kernels.Backends;
using Robustify.Kernels.Tensors;

namespace Robustify.Kernels.Parity.Cases;

/// <summary>Maximum over windows; values are few, so that ties happen and the first must win.</summary>
internal sealed class MaxPoolCase : OperationCase
{
    private readonly Operand x, y, argmax;
    private readonly ConvolutionGeometry geometry;

    public MaxPoolCase(Shape image, ConvolutionGeometry geometry, int shift = 0)
        : base("MaxPool", $"{image}, window {geometry.Kernel}, stride {geometry.Stride}, padding {geometry.Padding}{(shift == 0 ? "" : " unaligned")}")
    {
        this.geometry = geometry;
        var output = geometry.OutputShape(image, image[3]);
        x = Activations("x", image, shift: shift);
        y = Activations("y", output, OperandRole.Output);
        argmax = Integers("argmax", output, 1, OperandRole.Output);
    }

    public override double Tolerance => Pointwise;

    public override void Run(IBackend backend) => backend.MaxPool(x, y, argmax, geometry);

    protected override void Adjust()
    {
        for (int i = 0; i < x.Values.Length; i++)
            x.Set(i, Math.Round(4 * x.Values[i]) - 8);
    }

    protected override void Reference()
    {
        var (s, o) = (x.Shape, y.Shape);
        for (int i = 0; i < y.Expected.Length; i++)
        {
            int channel = i % s[3], position = i / s[3], sample = position / (o[1] * o[2]);
            int top = position / o[2] % o[1] * geometry.Stride - geometry.Padding, left = position % o[2] * geometry.Stride - geometry.Padding;
            double best = double.NegativeInfinity;
            for (int row = Math.Max(0, top); row < Math.Min(s[1], top + geometry.Kernel); row++)
            {
                for (int column = Math.Max(0, left); column < Math.Min(s[2], left + geometry.Kernel); column++)
                {
                    double value = x.Values[((sample * s[1] + row) * s[2] + column) * s[3] + channel];
                    if (value > best)
                        (best, y.Expected[i], argmax.Expected[i]) = (value, value, row * s[2] + column);
                }
            }
        }
    }
}

/// <summary>Gradient of the maximum, for the places that a first-come maximum of drawn numbers has.</summary>
internal sealed class MaxPoolGradientCase : OperationCase
{
    private readonly Operand dy, argmax, dx;
    private readonly ConvolutionGeometry geometry;
    private readonly bool accumulate;

    public MaxPoolGradientCase(Shape image, ConvolutionGeometry geometry, bool accumulate, int shift = 0)
        : base(
            "MaxPoolGradient",
            $"{image}, window {geometry.Kernel}, stride {geometry.Stride}, padding {geometry.Padding}{(accumulate ? " accumulate" : "")}{(shift == 0 ? "" : " unaligned")}")
    {
        this.geometry = geometry;
        this.accumulate = accumulate;
        var output = geometry.OutputShape(image, image[3]);
        dy = Activations("dy", output, shift: shift);
        argmax = Integers("argmax", output, 1 << 20);
        dx = Activations("dx", image, Written(accumulate));
    }

    // bfloat16: up to nine windows of a position are added in float32 and rounded once.
    public override double Tolerance => Pointwise;

    public override void Run(IBackend backend) => backend.MaxPoolGradient(dy, argmax, dx, geometry, accumulate);

    // A drawn number becomes a place within its window.
    protected override void Adjust()
    {
        var (s, o) = (dx.Shape, dy.Shape);
        for (int i = 0; i < argmax.Values.Length; i++)
        {
            int position = i / s[3], draw = (int)argmax.Values[i];
            int top = position / o[2] % o[1] * geometry.Stride - geometry.Padding, left = position % o[2] * geometry.Stride - geometry.Padding;
            int firstRow = Math.Max(0, top), rows = Math.Min(s[1], top + geometry.Kernel) - firstRow;
            int firstColumn = Math.Max(0, left), columns = Math.Min(s[2], left + geometry.Kernel) - firstColumn;
            argmax.Set(i, (firstRow + draw % rows) * s[2] + firstColumn + draw / rows % columns);
        }
    }

    protected override void Reference()
    {
        var (s, o) = (dx.Shape, dy.Shape);
        if (!accumulate)
            Array.Clear(dx.Expected);
        for (int i = 0; i < dy.Values.Length; i++)
        {
            int sample = i / (o[1] * o[2] * o[3]);
            dx.Expected[(sample * s[1] * s[2] + (int)argmax.Values[i]) * s[3] + i % s[3]] += dy.Values[i];
        }
    }
}

/// <summary>Mean over positions from skip on, and its gradient.</summary>
internal sealed class MeanPoolCase : OperationCase
{
    private readonly Operand x, y;
    private readonly int skip;

    public MeanPoolCase(int samples, int positions, int channels, int skip, int shift = 0)
        : base("MeanPool", $"[{samples}, {positions}, {channels}] skip {skip}{(shift == 0 ? "" : " unaligned")}")
    {
        this.skip = skip;
        x = Activations("x", new Shape(samples, positions, channels), shift: shift);
        y = Activations("y", new Shape(samples, channels), OperandRole.Output);
    }

    public override double Tolerance => Accumulated;

    public override void Run(IBackend backend) => backend.MeanPool(x, y, skip);

    protected override void Reference()
    {
        int positions = x.Shape[1], channels = x.Shape[2];
        for (int i = 0; i < y.Expected.Length; i++)
        {
            double sum = 0;
            for (int position = skip; position < positions; position++)
                sum += x.Values[(i / channels * positions + position) * channels + i % channels];
            y.Expected[i] = sum / (positions - skip);
        }
    }
}

/// <summary>Gradient of the mean.</summary>
internal sealed class MeanPoolGradientCase : OperationCase
{
    private readonly Operand dy, dx;
    private readonly int skip;
    private readonly bool accumulate;

    public MeanPoolGradientCase(int samples, int positions, int channels, int skip, bool accumulate, int shift = 0)
        : base("MeanPoolGradient", $"[{samples}, {positions}, {channels}] skip {skip}{(accumulate ? " accumulate" : "")}{(shift == 0 ? "" : " unaligned")}")
    {
        this.skip = skip;
        this.accumulate = accumulate;
        dy = Activations("dy", new Shape(samples, channels), shift: shift);
        dx = Activations("dx", new Shape(samples, positions, channels), Written(accumulate));
    }

    public override double Tolerance => Pointwise;

    public override void Run(IBackend backend) => backend.MeanPoolGradient(dy, dx, skip, accumulate);

    protected override void Reference()
    {
        int positions = dx.Shape[1], channels = dx.Shape[2];
        for (int i = 0; i < dx.Expected.Length; i++)
        {
            int position = i / channels % positions, sample = i / channels / positions;
            Store(dx, i, position < skip ? 0 : dy.Values[sample * channels + i % channels] / (positions - skip), accumulate);
        }
    }
}
