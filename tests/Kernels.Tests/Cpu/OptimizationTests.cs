using Robustify.Kernels.Backends;
using Robustify.Kernels.Cpu;

namespace Robustify.Kernels.Tests.Cpu;

public sealed class OptimizationTests : IDisposable
{
    private const int Count = 16384 + 37; // two pieces and a tail narrower than any vector

    private readonly OperandMemory memory = new();
    private readonly CpuBackend backend = new(2);

    [Fact]
    public void SumOfSquaresKeepsWhatFloatWouldLose()
    {
        var x = memory.Filled(1e-3f, 100_003);
        x.Span[17] = 1e4f; // 1e8 beside 1e-6 each, which together are 0.1: a float sum would stay at 1e8
        Assert.Equal(1e8 + 100_002 * ((double)1e-3f * 1e-3f), backend.SumOfSquares(x), 1e-4); // 4096 additions to a double near 1e8
    }

    [Fact]
    public void AddCopyAndScaleReachEveryElement()
    {
        var a = memory.Normal(1, 1, Count);
        var b = memory.Normal(2, 1, Count);
        var y = memory.Filled(9, Count);
        backend.Add(a, b, y);
        for (int i = 0; i < Count; i++)
            Assert.Equal(a.Span[i] + b.Span[i], y.Span[i]);
        backend.Copy(a, y, accumulate: false);
        Assert.True(a.Span.SequenceEqual(y.Span));
        backend.Copy(b, y, accumulate: true);
        backend.Scale(y, 0.25f);
        for (int i = 0; i < Count; i++)
            Assert.Equal((a.Span[i] + b.Span[i]) * 0.25f, y.Span[i]);
    }

    [Theory]
    [InlineData(0f, 0f, false)]
    [InlineData(0.9f, 0f, false)]
    [InlineData(0.9f, 0f, true)]
    [InlineData(0.8f, 0.3f, false)]
    public void SgdFollowsTheFormula(float momentum, float dampening, bool nesterov)
    {
        var x = memory.Normal(1, 1, Count);
        var velocity = memory.Filled(float.NaN, Count); // the first step must not read it
        var expected = Array.ConvertAll(x.Span.ToArray(), v => (double)v);
        var v = new double[Count];
        for (uint step = 0; step < 4; step++)
        {
            var gradient = memory.Normal(10 + step, 1, Count);
            backend.SgdStep(
                x, gradient, momentum == 0 ? default : velocity, 0.1f, new SgdStepOptions(momentum, dampening, nesterov, 0.01f), first: step == 0);
            for (int i = 0; i < Count; i++)
            {
                double g = gradient.Span[i] + 0.01 * expected[i];
                v[i] = step == 0 ? g : momentum * v[i] + (1 - dampening) * g;
                expected[i] -= 0.1 * (nesterov ? g + momentum * v[i] : v[i]);
            }
        }

        for (int i = 0; i < Count; i++)
            Assert.Equal(expected[i], x.Span[i], 4e-6); // four steps of a few roundings of values below 8
    }

    [Fact]
    public void AdamWFollowsTheFormulaAlsoWhereGradientsAreZero()
    {
        var x = memory.Normal(1, 1, Count);
        var first = memory.Filled(0, Count);
        var second = memory.Filled(0, Count);
        var expected = Array.ConvertAll(x.Span.ToArray(), v => (double)v);
        double[] m = new double[Count], v = new double[Count];
        for (int step = 1; step <= 4; step++)
        {
            var gradient = memory.Normal(20 + (uint)step, 1, Count);
            gradient.Span[..100].Clear();
            backend.AdamWStep(x, gradient, first, second, 0.01f, new AdamWStepOptions(0.9f, 0.99f, 1e-8f, 0.1f), step);
            for (int i = 0; i < Count; i++)
            {
                double g = gradient.Span[i];
                m[i] = 0.9 * m[i] + 0.1 * g;
                v[i] = 0.99 * v[i] + 0.01 * g * g;
                expected[i] *= 1 - 0.01 * 0.1;
                expected[i] -= 0.01 / (1 - Math.Pow(0.9, step)) * m[i] / (Math.Sqrt(v[i]) / Math.Sqrt(1 - Math.Pow(0.99, step)) + 1e-8);
            }
        }

        for (int i = 0; i < Count; i++)
            Assert.Equal(expected[i], x.Span[i], 4e-6); // as above
    }

    public void Dispose()
    {
        backend.Dispose();
        memory.Dispose();
    }
}
