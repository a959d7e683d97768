using Robustify.Kernels.Backends;
using Robustify.Kernels.Cpu;
using Robustify.Kernels.Tensors;

namespace Robustify.Kernels.Tests.Cpu;

public sealed unsafe class PoolingTests : IDisposable
{
    private readonly CpuBackend backend = new(2);

    public void Dispose() => backend.Dispose();

    // Values from five integers, so that most windows hold ties, within vectors and in the tail of channels.
    [Theory]
    [InlineData(2, 7, 9, 3, 3, 2, 1)]
    [InlineData(1, 8, 8, 37, 3, 2, 1)]
    [InlineData(3, 6, 6, 16, 2, 2, 0)]
    [InlineData(1, 5, 4, 17, 3, 1, 1)]
    [InlineData(2, 9, 9, 1, 7, 2, 3)]
    public void MaximaAndTheirFirstPlacesMatchTheDefinition(int images, int height, int width, int channels, int kernel, int stride, int padding)
    {
        using var tensors = new TestTensors(21);
        var geometry = new ConvolutionGeometry(kernel, stride, padding);
        var x = tensors.Uniform(-5, 0, images, height, width, channels);
        foreach (ref float value in x.Span)
            value = MathF.Floor(value);
        var shape = geometry.OutputShape(x.Shape, channels);
        TensorView y = tensors.Unwritten(shape.ToArray()), argmax = tensors.UnwrittenIntegers(shape.ToArray());
        backend.MaxPool(x, y, argmax, geometry);

        var dy = tensors.Normal(shape.ToArray());
        double[] gradient = new double[x.Shape.Count];
        for (int i = 0; i < shape.Count; i++)
        {
            int channel = i % channels, column = i / channels % shape[2], row = i / channels / shape[2] % shape[1];
            int plane = i / channels / shape[2] / shape[1] * height * width;
            float best = float.NegativeInfinity;
            int at = -1;
            for (int iy = row * stride - padding; iy < row * stride - padding + kernel; iy++)
            for (int ix = column * stride - padding; ix < column * stride - padding + kernel; ix++)
            {
                if (iy < 0 || iy >= height || ix < 0 || ix >= width || x.Floats[(plane + iy * width + ix) * channels + channel] <= best)
                    continue;
                at = iy * width + ix;
                best = x.Floats[(plane + at) * channels + channel];
            }

            Assert.Equal((best, at), (y.Floats[i], argmax.Integers[i]));
            gradient[(plane + at) * channels + channel] += dy.Floats[i];
        }

        // At most 49 windows share a maximum: a sum of that many floats.
        var dx = tensors.Unwritten(x.Shape.ToArray());
        backend.MaxPoolGradient(dy, argmax, dx, geometry, accumulate: false);
        Expect.Close(gradient, dx, 1e-6);
        var onX = tensors.Copy(x);
        backend.MaxPoolGradient(dy, argmax, onX, geometry, accumulate: true);
        Expect.Close(Expect.Sum(gradient, Expect.Doubles(x)), onX, 1e-6);
    }

    [Fact]
    public void PaddingNeverWinsNorDoesAnEmptyIndexEscape()
    {
        using var tensors = new TestTensors(22);
        var geometry = new ConvolutionGeometry(3, 2, 1);
        var x = tensors.Constant(float.NegativeInfinity, 1, 4, 4, 9);
        TensorView y = tensors.Unwritten(1, 2, 2, 9), argmax = tensors.UnwrittenIntegers(1, 2, 2, 9);
        backend.MaxPool(x, y, argmax, geometry);
        Assert.All(y.Span.ToArray(), value => Assert.Equal(float.NegativeInfinity, value));
        int[] first = [0, 1, 4, 5];
        for (int i = 0; i < 36; i++)
            Assert.Equal(first[i / 9], argmax.Integers[i]);
    }

    [Fact]
    public void NotANumberWins()
    {
        using var tensors = new TestTensors(23);
        var x = tensors.Normal(1, 3, 3, 17);
        x.Span[4 * 17 + 2] = x.Span[4 * 17 + 16] = float.NaN;
        TensorView y = tensors.Unwritten(1, 1, 1, 17), argmax = tensors.UnwrittenIntegers(1, 1, 1, 17);
        backend.MaxPool(x, y, argmax, new ConvolutionGeometry(3, 1, 0));
        Assert.True(float.IsNaN(y.Span[2]) && float.IsNaN(y.Span[16]));
        Assert.Equal((4, 4), (argmax.Integers[2], argmax.Integers[16]));
    }

    [Theory]
    [InlineData(3, 49, 33, 0)]
    [InlineData(2, 10, 5, 1)]
    [InlineData(1, 1, 16, 0)]
    [InlineData(5, 17, 64, 3)]
    public void MeansSkipTheFirstPositionsAndSpreadTheirGradient(int images, int positions, int channels, int skip)
    {
        using var tensors = new TestTensors(24);
        TensorView x = tensors.Normal(images, positions, channels), y = tensors.Unwritten(images, channels), dy = tensors.Normal(images, channels);
        double[] mean = new double[images * channels], gradient = new double[images * positions * channels];
        for (int i = 0; i < gradient.Length; i++)
        {
            int channel = i % channels, position = i / channels % positions, image = i / channels / positions;
            if (position < skip)
                continue;
            mean[image * channels + channel] += (double)x.Floats[i] / (positions - skip);
            gradient[i] = (double)dy.Floats[image * channels + channel] / (positions - skip);
        }

        // Sums of at most 49 floats.
        backend.MeanPool(x, y, skip);
        Expect.Close(mean, y, 1e-6);
        var dx = tensors.Unwritten(images, positions, channels);
        backend.MeanPoolGradient(dy, dx, skip, accumulate: false);
        Expect.Close(gradient, dx, 1e-6);
        var onX = tensors.Copy(x);
        backend.MeanPoolGradient(dy, onX, skip, accumulate: true);
        Expect.Close(Expect.Sum(gradient, Expect.Doubles(x)), onX, 1e-6);
    }

    [Fact]
    public void TheWorkerCountDoesNotChangeABit()
    {
        using var tensors = new TestTensors(25);
        var geometry = new ConvolutionGeometry(3, 2, 1);
        TensorView x = tensors.Normal(5, 9, 9, 33), dy = tensors.Normal(5, 5, 5, 33), dpooled = tensors.Normal(5, 33);
        float[]? first = null;
        for (int workers = 1; workers <= 3; workers++)
        {
            using var crew = new CpuBackend(workers);
            TensorView y = tensors.Unwritten(5, 5, 5, 33), argmax = tensors.UnwrittenIntegers(5, 5, 5, 33), dx = tensors.Unwritten(5, 9, 9, 33);
            TensorView pooled = tensors.Unwritten(5, 33), dmean = tensors.Unwritten(5, 81, 33);
            crew.MaxPool(x, y, argmax, geometry);
            crew.MaxPoolGradient(dy, argmax, dx, geometry, accumulate: false);
            crew.MeanPool(x.As(new Shape(5, 81, 33)), pooled, 0);
            crew.MeanPoolGradient(dpooled, dmean, 0, accumulate: false);
            float[] results = [.. y.Span, .. dx.Span, .. pooled.Span, .. dmean.Span];
            first ??= results;
            Expect.SameBits(first, results);
        }
    }
}
