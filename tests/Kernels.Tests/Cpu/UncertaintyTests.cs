using Robustify.Kernels.Backends;
using Robustify.Kernels.Cpu;
using Robustify.Kernels.Tensors;

namespace Robustify.Kernels.Tests.Cpu;

public sealed class UncertaintyTests : IDisposable
{
    private readonly CpuBackend backend = new(2);

    public void Dispose() => backend.Dispose();

    // Probabilities in float, each good to a few 2^-24 of itself; sums of up to 1000 of them that weigh p log p in double.
    [Theory]
    [InlineData(ConfidenceWeighting.OneMinusEntropy, 10)]
    [InlineData(ConfidenceWeighting.ExponentialEntropy, 10)]
    [InlineData(ConfidenceWeighting.Margin, 10)]
    [InlineData(ConfidenceWeighting.None, 10)]
    [InlineData(ConfidenceWeighting.OneMinusEntropy, 2)]
    [InlineData(ConfidenceWeighting.Margin, 2)]
    [InlineData(ConfidenceWeighting.OneMinusEntropy, 1000)]
    [InlineData(ConfidenceWeighting.ExponentialEntropy, 1000)]
    public void WeightsMatchTheirDefinitions(ConfidenceWeighting weighting, int classes)
    {
        using var tensors = new TestTensors(1);
        var logits = tensors.Normal(40, classes);
        foreach (ref float x in logits.Span)
            x *= 3;
        var weights = tensors.Unwritten(40);
        backend.ConfidenceWeights(logits, weights, weighting);
        for (int row = 0; row < 40; row++)
        {
            double[] p = Softmax(logits.Span.Slice(row * classes, classes));
            double uncertainty = Entropy(p) / Math.Log(classes);
            double[] sorted = [.. p.OrderDescending()];
            double expected = weighting switch
            {
                ConfidenceWeighting.OneMinusEntropy => 1 - uncertainty,
                ConfidenceWeighting.ExponentialEntropy => Math.Exp(-uncertainty),
                ConfidenceWeighting.Margin => sorted[0] - sorted[1],
                _ => 1,
            };
            Assert.Equal(expected, weights.Span[row], 2e-6);
        }
    }

    // Every weight lies in [0, 1]: a certain answer counts wholly, an undecided one not at all, at any size of the logits.
    [Theory]
    [InlineData(ConfidenceWeighting.OneMinusEntropy, 1, 0)]
    [InlineData(ConfidenceWeighting.ExponentialEntropy, 1, 0.36787944)]
    [InlineData(ConfidenceWeighting.Margin, 1, 0)]
    [InlineData(ConfidenceWeighting.None, 1, 1)]
    public void ACertainAnswerCountsWhollyAndAnEvenOneLeast(ConfidenceWeighting weighting, double certain, double even)
    {
        using var tensors = new TestTensors(2);
        var logits = tensors.From([1e4f, 0, -1e4f, 7, 7, 7, -3e4f, -3e4f, -3e4f], 3, 3);
        var weights = tensors.Unwritten(3);
        backend.ConfidenceWeights(logits, weights, weighting);
        Assert.Equal(certain, weights.Span[0], 1e-6);
        Assert.Equal(even, weights.Span[1], 1e-6);
        Assert.Equal(even, weights.Span[2], 1e-6);
    }

    // A single class is always certain; two equal best classes have no margin whatever their order.
    [Fact]
    public void OneClassAndTiesAreDefined()
    {
        using var tensors = new TestTensors(3);
        var weights = tensors.Unwritten(2);
        backend.ConfidenceWeights(tensors.Normal(2, 1), weights, ConfidenceWeighting.OneMinusEntropy);
        Assert.Equal([1f, 1f], weights.Span.ToArray());
        backend.ConfidenceWeights(tensors.From([5, 1, 5, 1, 5, 5], 2, 3), weights, ConfidenceWeighting.Margin);
        Assert.Equal([0f, 0f], weights.Span.ToArray());
    }

    [Fact]
    public void TheLessUncertainRowIsTakenWholeAndTheFirstWhereBothAreEqual()
    {
        using var tensors = new TestTensors(4);
        TensorView a = tensors.Normal(60, 7), b = tensors.Normal(60, 7), y = tensors.Unwritten(60, 7);
        foreach (ref float x in b.Span)
            x *= 1.3f;
        a.Span[..7].CopyTo(b.Span);

        // The same distribution, so the same entropy, but other logits: it shows whose row was taken.
        for (int i = 0; i < 7; i++)
            b.Span[7 + i] = a.Span[7 + i] = i;
        b.Span[7 + 6] = 5;
        b.Span[7 + 5] = 6;
        backend.LessUncertain(a, b, y);
        int fromA = 0;
        for (int row = 0; row < 60; row++)
        {
            var left = a.Span.Slice(row * 7, 7);
            bool isA = row < 2 || Entropy(Softmax(left)) <= Entropy(Softmax(b.Span.Slice(row * 7, 7)));
            Expect.SameBits(isA ? left : b.Span.Slice(row * 7, 7), y.Span.Slice(row * 7, 7));
            fromA += isA ? 1 : 0;
        }

        Assert.InRange(fromA, 10, 50);
    }

    [Fact]
    public void LogMeanSoftmaxIsTheLogarithmOfThePredictiveMean()
    {
        using var tensors = new TestTensors(5);
        const int Passes = 10, Rows = 6, Classes = 5;
        TensorView logits = tensors.Normal(Passes * Rows, Classes), y = tensors.Unwritten(Rows, Classes);
        backend.LogMeanSoftmax(logits, y);
        double[] expected = new double[Rows * Classes];
        for (int row = 0; row < Rows; row++)
        {
            for (int pass = 0; pass < Passes; pass++)
            {
                double[] p = Softmax(logits.Span.Slice((pass * Rows + row) * Classes, Classes));
                for (int i = 0; i < Classes; i++)
                    expected[row * Classes + i] += p[i] / Passes;
            }
        }

        // Ten float probabilities added up: a few 2^-24 of the mean, which the logarithm makes absolute.
        for (int i = 0; i < expected.Length; i++)
            Assert.Equal(Math.Log(expected[i]), y.Span[i], 2e-6);
    }

    [Fact]
    public void AClassWithoutAnyProbabilityKeepsAFiniteLogarithm()
    {
        using var tensors = new TestTensors(6);
        TensorView logits = tensors.From([1e4f, -1e4f, 1e4f, -1e4f], 2, 2), y = tensors.Unwritten(1, 2);
        backend.LogMeanSoftmax(logits, y);
        Assert.Equal(0, y.Span[0]);
        Assert.InRange(y.Span[1], -88, -87);
    }

    [Fact]
    public void ResultsHaveTheSameBitsForAnyWorkers() => WorkerCounts.GiveTheSameBits(7, (device, tensors) =>
    {
        TensorView a = tensors.Normal(90, 11), b = tensors.Normal(90, 11), chosen = tensors.Unwritten(90, 11), mean = tensors.Unwritten(30, 11);
        TensorView entropy = tensors.Unwritten(90), margin = tensors.Unwritten(90);
        device.LessUncertain(a, b, chosen);
        device.LogMeanSoftmax(a, mean);
        device.ConfidenceWeights(a, entropy, ConfidenceWeighting.OneMinusEntropy);
        device.ConfidenceWeights(a, margin, ConfidenceWeighting.Margin);
        return [chosen, mean, entropy, margin];
    });

    private static double[] Softmax(ReadOnlySpan<float> logits)
    {
        double[] p = Array.ConvertAll(logits.ToArray(), x => (double)x);
        double max = p.Max();
        double sum = p.Sum(x => Math.Exp(x - max));
        return [.. p.Select(x => Math.Exp(x - max) / sum)];
    }

    private static double Entropy(double[] p) => -p.Sum(x => x > 0 ? x * Math.Log(x) : 0);
}
