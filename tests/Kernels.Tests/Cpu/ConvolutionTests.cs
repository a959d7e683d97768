using Robustify.Kernels.Backends;
using Robustify.Kernels.Cpu;
using Robustify.Kernels.Tensors;

namespace Robustify.Kernels.Tests.Cpu;

public sealed class ConvolutionTests : IDisposable
{
    // One element is a chain of up to K K C = 1617 fused multiply-adds, or of some hundred positions for the weight: rounding grows like the
    // root of the length, sqrt(1617) 2^-24 = 2.4e-6, so this leaves a factor of four.
    private const double Tolerance = 1e-5;

    private readonly CpuBackend backend = new(2);

    public void Dispose() => backend.Dispose();

    public static TheoryData<int> Seeds => [.. Enumerable.Range(1, 40)];

    [Theory]
    [MemberData(nameof(Seeds))]
    public void RandomShapesMatchTheDefinition(int seed)
    {
        using var tensors = new TestTensors((ulong)seed);
        var geometry = new ConvolutionGeometry(tensors.Pick(1, 3, 7), tensors.Pick(1, 2), tensors.Pick(0, 1, 3));
        int smallest = Math.Max(1, geometry.Kernel - 2 * geometry.Padding);
        Check(
            tensors, tensors.Draw(1, 4), tensors.Draw(smallest, smallest + 9), tensors.Draw(smallest, smallest + 9),
            tensors.Pick(1, 3, 5, 16, 33), tensors.Pick(1, 3, 5, 16, 33), geometry);
    }

    // Bands of rows, several images a unit, several panels, several parts: the sizes at which the work is cut up.
    [Theory]
    [InlineData(2, 40, 37, 33, 20, 3, 1, 1)]
    [InlineData(2, 40, 37, 33, 20, 3, 2, 1)]
    [InlineData(1, 61, 60, 3, 64, 7, 2, 3)]
    [InlineData(33, 4, 4, 16, 48, 3, 1, 1)]
    [InlineData(7, 5, 5, 70, 33, 1, 1, 0)]
    [InlineData(3, 9, 9, 40, 100, 1, 2, 0)]
    [InlineData(1, 5, 6, 130, 130, 3, 1, 1)]
    [InlineData(2, 8, 8, 4, 6, 5, 3, 2)]
    [InlineData(1, 3, 3, 2, 3, 3, 4, 1)]
    public void SizesThatAreCutUpMatchTheDefinition(int images, int height, int width, int channels, int outputs, int kernel, int stride, int padding)
    {
        using var tensors = new TestTensors(99);
        Check(tensors, images, height, width, channels, outputs, new ConvolutionGeometry(kernel, stride, padding));
    }

    [Theory]
    [InlineData(1, 1, 0)]
    [InlineData(3, 1, 1)]
    [InlineData(3, 2, 1)]
    [InlineData(1, 2, 0)]
    [InlineData(7, 2, 3)]
    public void GradientsAreTheDifferencesOfTheForwardPass(int kernel, int stride, int padding)
    {
        using var tensors = new TestTensors(5);
        var geometry = new ConvolutionGeometry(kernel, stride, padding);
        TensorView x = tensors.Normal(2, 5, 4, 3), weight = tensors.Normal(2, kernel, kernel, 3);
        var reference = new ConvolutionReference(x.Shape, weight.Shape, geometry);
        var dy = tensors.Normal(geometry.OutputShape(x.Shape, 2).ToArray());
        double[] input = Expect.Doubles(x), filters = Expect.Doubles(weight), weights = Expect.Doubles(dy);
        double Loss() => Expect.Dot(weights, reference.Forward(input, filters));

        TensorView dx = tensors.Unwritten(2, 5, 4, 3), dweight = tensors.Unwritten(2, kernel, kernel, 3);
        backend.ConvolutionInputGradient(dy, weight, dx, geometry, accumulate: false);
        backend.ConvolutionWeightGradient(dy, x, dweight, geometry, accumulate: false);

        // The function is linear in each argument: a step of 1 has no truncation error.
        Expect.Close(Expect.Differences(input, 1, Loss), dx, Tolerance);
        Expect.Close(Expect.Differences(filters, 1, Loss), dweight, Tolerance);
    }

    [Theory]
    [InlineData(5, 13, 16, 16, 3, 1, 1)]
    [InlineData(40, 4, 33, 64, 3, 1, 1)]
    [InlineData(1, 23, 16, 130, 3, 2, 1)]
    [InlineData(3, 10, 24, 40, 1, 2, 0)]
    public void TheWorkerCountDoesNotChangeABit(int images, int side, int channels, int outputs, int kernel, int stride, int padding)
    {
        using var tensors = new TestTensors(7);
        var geometry = new ConvolutionGeometry(kernel, stride, padding);
        TensorView x = tensors.Normal(images, side, side, channels), weight = tensors.Normal(outputs, kernel, kernel, channels);
        var shape = geometry.OutputShape(x.Shape, outputs);
        var dy = tensors.Normal(shape.ToArray());
        float[]? first = null;
        for (int workers = 1; workers <= 3; workers++)
        {
            using var crew = new CpuBackend(workers);
            TensorView y = tensors.Unwritten(shape.ToArray()), dx = tensors.Unwritten(x.Shape.ToArray());
            var dweight = tensors.Unwritten(weight.Shape.ToArray());
            crew.Convolution(x, weight, y, geometry);
            crew.ConvolutionInputGradient(dy, weight, dx, geometry, accumulate: false);
            crew.ConvolutionWeightGradient(dy, x, dweight, geometry, accumulate: false);
            float[] results = [.. y.Span, .. dx.Span, .. dweight.Span];
            first ??= results;
            Expect.SameBits(first, results);
        }
    }

    private void Check(TestTensors tensors, int images, int height, int width, int channels, int outputs, ConvolutionGeometry geometry)
    {
        var x = tensors.Normal(images, height, width, channels);
        var weight = tensors.Normal(outputs, geometry.Kernel, geometry.Kernel, channels);
        var reference = new ConvolutionReference(x.Shape, weight.Shape, geometry);
        var shape = geometry.OutputShape(x.Shape, outputs);
        var dy = tensors.Normal(shape.ToArray());
        double[] input = Expect.Doubles(x), filters = Expect.Doubles(weight), weights = Expect.Doubles(dy);

        var y = tensors.Unwritten(shape.ToArray());
        backend.Convolution(x, weight, y, geometry);
        Expect.Close(reference.Forward(input, filters), y, Tolerance);

        double[] inputGradient = reference.InputGradient(weights, filters), weightGradient = reference.WeightGradient(weights, input);
        TensorView dx = tensors.Unwritten(x.Shape.ToArray()), dweight = tensors.Unwritten(weight.Shape.ToArray());
        backend.ConvolutionInputGradient(dy, weight, dx, geometry, accumulate: false);
        backend.ConvolutionWeightGradient(dy, x, dweight, geometry, accumulate: false);
        Expect.Close(inputGradient, dx, Tolerance);
        Expect.Close(weightGradient, dweight, Tolerance);

        // Accumulated into x and the weight themselves, as a second gradient would be.
        TensorView onX = tensors.Copy(x), onWeight = tensors.Copy(weight);
        backend.ConvolutionInputGradient(dy, weight, onX, geometry, accumulate: true);
        backend.ConvolutionWeightGradient(dy, x, onWeight, geometry, accumulate: true);
        Expect.Close(Expect.Sum(inputGradient, input), onX, Tolerance);
        Expect.Close(Expect.Sum(weightGradient, filters), onWeight, Tolerance);
    }
}
