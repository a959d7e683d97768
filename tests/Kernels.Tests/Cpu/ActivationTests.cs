using Robustify.Kernels.Backends;
using Robustify.Kernels.Cpu;
using Robustify.Kernels.Tensors;

namespace Robustify.Kernels.Tests.Cpu;

public sealed class ActivationTests : IDisposable
{
    private const int Samples = 12_001;

    private readonly CpuBackend backend = new(1);

    public void Dispose() => backend.Dispose();

    // Known digits of the normal distribution (Abramowitz and Stegun, table 26.1): the reference itself must be right.
    [Theory]
    [InlineData(0, 0.5)]
    [InlineData(1, 0.841344746068543)]
    [InlineData(-2, 0.0227501319481792)]
    [InlineData(-5, 2.86651571879194e-7)]
    public void TheReferenceDistributionHasTheTabulatedDigits(double x, double expected) =>
        Assert.Equal(expected, ActivationReference.NormalCdf(x), 1e-14 * Math.Max(1, 1 / expected) * expected);

    // x Phi(x), Phi = 1/2 + erf/2. The rational error function is good to some units of the last place of values near 1 (2^-24 each; worst
    // where it meets the constant, near 4 sqrt 2), and the sum cancels for negative x: so Phi's error is absolute, and x carries it.
    // The quick form's exponential rounds its argument, up to 10, by half of 2^-20, but matters less the larger that is.
    [Theory]
    [InlineData(Activation.Gelu, 4)]
    [InlineData(Activation.QuickGelu, 4)]
    public void ValuesFromMinusSixToSixErrByFewRoundingsOfTheArgument(Activation activation, double roundings)
    {
        using var tensors = new TestTensors(1);
        var x = Grid(tensors, -6, 6);
        var y = Apply(tensors, activation, x);
        for (int i = 0; i < Samples; i++)
        {
            double error = Math.Abs(y.Span[i] - ActivationReference.Value(activation, x.Span[i]));
            double bound = roundings / (1 << 24) * Math.Max(Math.Abs(x.Span[i]), 1e-3);
            Assert.True(error <= bound, $"{activation}({x.Span[i]}): {y.Span[i]} found, off by {error * (1 << 24) / Math.Abs(x.Span[i]):f2} x 2^-24 of the argument");
        }
    }

    // Phi + x phi: the error of Phi as above, and of exp a few 2^-24 of x phi(x) <= 0.25. In the
    // quick form 1 - s keeps the rounding of s, one or two 2^-24, and 1.702 x <= 10.2 multiplies it.
    [Theory]
    [InlineData(Activation.Gelu, 6)]
    [InlineData(Activation.QuickGelu, 20)]
    public void DerivativesFromMinusSixToSixErrByFewRoundingsOfOne(Activation activation, double roundings)
    {
        using var tensors = new TestTensors(2);
        TensorView x = Grid(tensors, -6, 6), dy = tensors.Normal(1, Samples), dx = tensors.Unwritten(1, Samples);
        backend.ActivationGradient(dy, x, dx, activation);
        for (int i = 0; i < Samples; i++)
        {
            double error = Math.Abs(dx.Span[i] - dy.Span[i] * ActivationReference.Derivative(activation, x.Span[i]));
            Assert.True(error <= roundings / (1 << 24) * Math.Abs(dy.Span[i]), $"{activation}'({x.Span[i]}) x {dy.Span[i]}: {dx.Span[i]} found, off by {error / Math.Abs(dy.Span[i]) * (1 << 24)} roundings");
        }
    }

    [Theory]
    [InlineData(Activation.Gelu)]
    [InlineData(Activation.QuickGelu)]
    public void FarOutTheFunctionIsTheIdentityOrZeroAndNothingOverflows(Activation activation)
    {
        using var tensors = new TestTensors(3);
        float[] values = [20, 1e4f, 1e30f, float.PositiveInfinity, -20, -1e4f, float.NaN];
        var x = tensors.From(values, 1, values.Length);
        var y = Apply(tensors, activation, x);
        Assert.Equal(values[..4], y.Span[..4].ToArray());

        // Phi(-20) is 3e-89; in float the difference of two halves leaves at most one rounding of 2^-25.
        Assert.InRange(y.Span[4], -20f / (1 << 24), 0);
        Assert.InRange(y.Span[5], -1e4f / (1 << 24), 0);
        Assert.True(float.IsNaN(y.Span[6]));
        TensorView dy = tensors.Constant(1, 1, values.Length), dx = tensors.Unwritten(1, values.Length);
        backend.ActivationGradient(dy, x, dx, activation);
        Assert.Equal([1f, 1f, 1f], dx.Span[..3].ToArray());
        Assert.Equal(0, dx.Span[5], 1e-6f);
        Assert.True(float.IsNaN(dx.Span[6]));
    }

    [Theory]
    [InlineData(Activation.None)]
    [InlineData(Activation.Gelu)]
    [InlineData(Activation.QuickGelu)]
    public void TheGradientMayBeWrittenOverItsOwnInput(Activation activation)
    {
        using var tensors = new TestTensors(4);
        TensorView x = tensors.Normal(7, 19), dy = tensors.Normal(7, 19), dx = tensors.Unwritten(7, 19), inPlace = tensors.Copy(dy);
        backend.ActivationGradient(dy, x, dx, activation);
        backend.ActivationGradient(inPlace, x, inPlace, activation);
        Expect.SameBits(dx.Span, inPlace.Span);
    }

    [Theory]
    [InlineData(Activation.Gelu)]
    [InlineData(Activation.QuickGelu)]
    public void GradientsHaveTheSameBitsForAnyWorkers(Activation activation) => WorkerCounts.GiveTheSameBits(5, (device, tensors) =>
    {
        TensorView x = tensors.Normal(3, 16385), dy = tensors.Normal(3, 16385), dx = tensors.Unwritten(3, 16385);
        device.ActivationGradient(dy, x, dx, activation);
        return [dx];
    });

    private TensorView Apply(TestTensors tensors, Activation activation, TensorView x)
    {
        // A product with the 1 x 1 identity: the epilogue is what is tested.
        int count = (int)x.Shape.Count;
        var y = tensors.Unwritten(count, 1);
        backend.Linear(x.As(new Shape(count, 1)), tensors.Constant(1, 1, 1), TestTensors.Absent, y, activation, TestTensors.Absent);
        return y.As(x.Shape);
    }

    private static TensorView Grid(TestTensors tensors, double low, double high)
    {
        var x = tensors.Unwritten(1, Samples);
        for (int i = 0; i < Samples; i++)
            x.Span[i] = (float)(low + (high - low) * i / (Samples - 1));
        return x;
    }
}
