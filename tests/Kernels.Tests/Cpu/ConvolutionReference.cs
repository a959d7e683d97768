using Robustify.Kernels.Backends;
using Robustify.Kernels.Tensors;

namespace Robustify.Kernels.Tests.Cpu;

/// <summary>A convolution as its definition says, in double precision, and its two adjoints.</summary>
internal sealed class ConvolutionReference(Shape x, Shape weight, ConvolutionGeometry geometry)
{
    private readonly Shape y = geometry.OutputShape(x, weight[0]);

    private delegate void Visit(int output, int input, int tap);

    public double[] Forward(double[] input, double[] filters)
    {
        var output = new double[y.Count];
        ForEach((o, i, t) => output[o] += input[i] * filters[t]);
        return output;
    }

    public double[] InputGradient(double[] dy, double[] filters)
    {
        var gradient = new double[x.Count];
        ForEach((o, i, t) => gradient[i] += dy[o] * filters[t]);
        return gradient;
    }

    public double[] WeightGradient(double[] dy, double[] input)
    {
        var gradient = new double[weight.Count];
        ForEach((o, i, t) => gradient[t] += dy[o] * input[i]);
        return gradient;
    }

    // Every multiply-add of the convolution, as flat indices into y, x and the weight.
    private void ForEach(Visit visit)
    {
        int kernel = geometry.Kernel, channels = x[3], outputs = weight[0];
        for (int n = 0; n < y[0]; n++)
        for (int oy = 0; oy < y[1]; oy++)
        for (int ox = 0; ox < y[2]; ox++)
        for (int ky = 0; ky < kernel; ky++)
        for (int kx = 0; kx < kernel; kx++)
        {
            int iy = oy * geometry.Stride + ky - geometry.Padding, ix = ox * geometry.Stride + kx - geometry.Padding;
            if (iy < 0 || iy >= x[1] || ix < 0 || ix >= x[2])
                continue;
            for (int o = 0; o < outputs; o++)
            for (int c = 0; c < channels; c++)
            {
                visit(
                    ((n * y[1] + oy) * y[2] + ox) * outputs + o, ((n * x[1] + iy) * x[2] + ix) * channels + c,
                    ((o * kernel + ky) * kernel + kx) * channels + c);
            }
        }
    }
}
