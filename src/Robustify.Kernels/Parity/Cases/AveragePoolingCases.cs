using Robustify.Kernels.Backends;
using Robustify.Kernels.Tensors;

namespace Robustify.Kernels.Parity.Cases;

/// <summary>Means of windows side by side.</summary>
internal sealed class AveragePoolCase : OperationCase
{
    private readonly Operand x, y;
    private readonly int window;

    public AveragePoolCase(Shape image, int window, int shift = 0)
        : base("AveragePool", $"{image} window {window}{(shift == 0 ? "" : " unaligned")}")
    {
        this.window = window;
        x = Activations("x", image, shift: shift);
        y = Activations("y", new Shape(image[0], image[1] / window, image[2] / window, image[3]), OperandRole.Output);
    }

    public override double Tolerance => Pointwise;

    public override void Run(IBackend backend) => backend.AveragePool(x, y, window);

    protected override void Reference()
    {
        var (s, o) = (x.Shape, y.Shape);
        for (int i = 0; i < y.Expected.Length; i++)
        {
            int channel = i % o[3], column = i / o[3] % o[2], row = i / o[3] / o[2] % o[1], sample = i / o[3] / o[2] / o[1];
            double sum = 0;
            for (int r = row * window; r < (row + 1) * window; r++)
                for (int c = column * window; c < (column + 1) * window; c++)
                    sum += x.Values[((sample * s[1] + r) * s[2] + c) * s[3] + channel];
            y.Expected[i] = sum / (window * window);
        }
    }
}

/// <summary>Gradient of <see cref="AveragePoolCase"/>.</summary>
internal sealed class AveragePoolGradientCase : OperationCase
{
    private readonly Operand dy, dx;
    private readonly int window;
    private readonly bool accumulate;

    public AveragePoolGradientCase(Shape image, int window, bool accumulate)
        : base("AveragePoolGradient", $"{image} window {window}{(accumulate ? " accumulate" : "")}")
    {
        (this.window, this.accumulate) = (window, accumulate);
        dy = Activations("dy", new Shape(image[0], image[1] / window, image[2] / window, image[3]));
        dx = Activations("dx", image, Written(accumulate));
    }

    public override double Tolerance => Pointwise;

    public override void Run(IBackend backend) => backend.AveragePoolGradient(dy, dx, window, accumulate);

    protected override void Reference()
    {
        var (s, o) = (dx.Shape, dy.Shape);
        for (int i = 0; i < dx.Expected.Length; i++)
        {
            int channel = i % s[3], column = i / s[3] % s[2] / window, row = i / s[3] / s[2] % s[1] / window, sample = i / s[3] / s[2] / s[1];
            bool isCovered = row < o[1] && column < o[2];
            Store(dx, i, isCovered ? dy.Values[((sample * o[1] + row) * o[2] + column) * o[3] + channel] / (window * window) : 0, accumulate);
        }
    }
}

/// <summary>A sequence with its mean before it.</summary>
internal sealed class PrependMeanCase : OperationCase
{
    private readonly Operand x, y;

    public PrependMeanCase(int samples, int positions, int channels)
        : base("PrependMean", $"[{samples}, {positions}, {channels}]")
    {
        x = Activations("x", new Shape(samples, positions, channels));
        y = Activations("y", new Shape(samples, positions + 1, channels), OperandRole.Output);
    }

    public override double Tolerance => Pointwise;

    public override void Run(IBackend backend) => backend.PrependMean(x, y);

    protected override void Reference()
    {
        int positions = x.Shape[1], channels = x.Shape[2];
        for (int i = 0; i < y.Expected.Length; i++)
        {
            int channel = i % channels, token = i / channels % (positions + 1), sample = i / channels / (positions + 1);
            double At(int position) => x.Values[(sample * positions + position) * channels + channel];
            y.Expected[i] = token > 0 ? At(token - 1) : Enumerable.Range(0, positions).Sum(At) / positions;
        }
    }
}

/// <summary>Gradient of <see cref="PrependMeanCase"/>.</summary>
internal sealed class PrependMeanGradientCase : OperationCase
{
    private readonly Operand dy, dx;
    private readonly bool accumulate;

    public PrependMeanGradientCase(int samples, int positions, int channels, bool accumulate)
        : base("PrependMeanGradient", $"[{samples}, {positions}, {channels}]{(accumulate ? " accumulate" : "")}")
    {
        this.accumulate = accumulate;
        dy = Activations("dy", new Shape(samples, positions + 1, channels));
        dx = Activations("dx", new Shape(samples, positions, channels), Written(accumulate));
    }

    public override double Tolerance => Pointwise;

    public override void Run(IBackend backend) => backend.PrependMeanGradient(dy, dx, accumulate);

    protected override void Reference()
    {
        int positions = dx.Shape[1], channels = dx.Shape[2];
        for (int i = 0; i < dx.Expected.Length; i++)
        {
            int channel = i % channels, position = i / channels % positions, sample = i / channels / positions;
            int first = sample * (positions + 1) * channels + channel;
            Store(dx, i, dy.Values[first + (position + 1) * channels] + dy.Values[first] / positions, accumulate);
        }
    }
}
