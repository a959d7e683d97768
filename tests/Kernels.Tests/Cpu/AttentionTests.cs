using Robustify.Kernels.Cpu;
using Robustify.Kernels.Tensors;

namespace Robustify.Kernels.Tests.Cpu;

public sealed class AttentionTests : IDisposable
{
    // Products of depth up to 197 and exponentials of sums of 80 products: some dozen roundings of 2^-24 each, and the exponential turns a
    // score's absolute rounding into a relative one.
    private const double ForwardTolerance = 3e-6;

    // Five products one after the other, with the difference dP - rowsum(dY Y) between.
    private const double GradientTolerance = 1e-5;

    private readonly CpuBackend backend = new(2);

    public void Dispose() => backend.Dispose();

    // tokens, head width, heads: one token (softmax of one), a square of patches with and without class token, ViT's 197 and 50.
    public static TheoryData<int, int, int> Sizes => new()
    {
        { 1, 8, 1 }, { 1, 64, 3 }, { 5, 8, 2 }, { 5, 80, 1 }, { 17, 32, 4 }, { 17, 64, 1 }, { 17, 80, 2 }, { 50, 32, 4 }, { 50, 64, 3 },
        { 197, 64, 1 }, { 197, 8, 3 }, { 33, 7, 2 },
    };

    [Theory]
    [MemberData(nameof(Sizes))]
    public void OutputAndGradientMatchTheFormula(int tokens, int headDim, int heads)
    {
        using var tensors = new TestTensors(1);
        int width = heads * headDim;
        TensorView qkv = tensors.Normal(2, tokens, 3 * width), dy = tensors.Normal(2, tokens, width);
        TensorView y = tensors.Unwritten(2, tokens, width), logSumExp = tensors.Unwritten(2, heads, tokens), dqkv = tensors.Unwritten(2, tokens, 3 * width);
        backend.Attention(qkv, y, logSumExp, heads);
        backend.AttentionGradient(dy, qkv, y, logSumExp, dqkv, heads);
        var reference = new Reference(Expect.Doubles(qkv), 2, tokens, heads, headDim);
        Expect.Close(reference.Y, y, ForwardTolerance);
        Expect.Close(reference.LogSumExp, logSumExp, ForwardTolerance);
        Expect.Close(reference.Gradient(Expect.Doubles(dy)), dqkv, GradientTolerance);
    }

    [Fact]
    public void TheFormulaOfTheGradientAgreesWithDifferencesInDouble()
    {
        using var tensors = new TestTensors(2);
        double[] qkv = Expect.Doubles(tensors.Normal(2, 3, 3 * 2 * 4)), dy = Expect.Doubles(tensors.Normal(2, 3, 8));
        double[] gradient = new Reference(qkv, 2, 3, 2, 4).Gradient(dy);

        // Central differences of step 1e-5 in double: truncation 1e-10, rounding 1e-11.
        double[] differences = Expect.Differences(qkv, 1e-5, () => Expect.Dot(new Reference(qkv, 2, 3, 2, 4).Y, dy));
        for (int i = 0; i < qkv.Length; i++)
            Assert.Equal(differences[i], gradient[i], 1e-7);
    }

    // Scores of some thousands: without taking the maximum off first exp would overflow, and with it the softmax is one-hot.
    [Fact]
    public void HugeScoresStayFiniteAndPickTheLargest()
    {
        using var tensors = new TestTensors(3);
        var qkv = tensors.Normal(1, 6, 3 * 16);
        for (int i = 0; i < qkv.Shape.Count; i++)
        {
            if (i % 48 < 32)
                qkv.Span[i] *= 100;
        }

        TensorView y = tensors.Unwritten(1, 6, 16), logSumExp = tensors.Unwritten(1, 1, 6), dqkv = tensors.Unwritten(1, 6, 48);
        backend.Attention(qkv, y, logSumExp, 1);
        backend.AttentionGradient(tensors.Normal(1, 6, 16), qkv, y, logSumExp, dqkv, 1);

        // A score of 1e4 is rounded by 1e-3, which the exponential makes relative.
        Expect.Close(new Reference(Expect.Doubles(qkv), 1, 6, 1, 16).Y, y, 5e-3);
        Assert.All(dqkv.Span.ToArray(), g => Assert.True(float.IsFinite(g)));
    }

    [Fact]
    public void ResultsHaveTheSameBitsForAnyWorkersAndInAnyBatch()
    {
        WorkerCounts.GiveTheSameBits(4, (device, tensors) => Run(device, tensors.Normal(5, 17, 3 * 32), tensors.Normal(5, 17, 32), tensors));
        using var own = new TestTensors(5);
        TensorView qkv = own.Normal(3, 17, 96), dy = own.Normal(3, 17, 32);
        TensorView[] all = Run(backend, qkv, dy, own), last = Run(backend, own.From(qkv.Span[^(17 * 96)..], 1, 17, 96), own.From(dy.Span[^(17 * 32)..], 1, 17, 32), own);
        for (int i = 0; i < all.Length; i++)
            Expect.SameBits(all[i].Span[^(int)last[i].Shape.Count..], last[i].Span);
    }

    private static TensorView[] Run(CpuBackend device, TensorView qkv, TensorView dy, TestTensors tensors)
    {
        int samples = qkv.Shape[0];
        TensorView y = tensors.Unwritten(samples, 17, 32), logSumExp = tensors.Unwritten(samples, 4, 17), dqkv = tensors.Unwritten(samples, 17, 96);
        device.Attention(qkv, y, logSumExp, 4);
        device.AttentionGradient(dy, qkv, y, logSumExp, dqkv, 4);
        return [y, logSumExp, dqkv];
    }

    private sealed class Reference
    {
        private readonly double[] qkv, probabilities;
        private readonly int samples, tokens, heads, headDim;

        public Reference(double[] qkv, int samples, int tokens, int heads, int headDim)
        {
            (this.qkv, this.samples, this.tokens, this.heads, this.headDim) = (qkv, samples, tokens, heads, headDim);
            probabilities = new double[samples * heads * tokens * tokens];
            Y = new double[samples * tokens * heads * headDim];
            LogSumExp = new double[samples * heads * tokens];
            for (int pair = 0; pair < samples * heads; pair++)
            {
                for (int row = 0; row < tokens; row++)
                {
                    var p = probabilities.AsSpan((pair * tokens + row) * tokens, tokens);
                    for (int column = 0; column < tokens; column++)
                        p[column] = Expect.Dot(Part(qkv, pair, row, 0), Part(qkv, pair, column, 1)) / Math.Sqrt(headDim);
                    double max = double.NegativeInfinity, sum = 0;
                    foreach (double score in p)
                        max = Math.Max(max, score);
                    foreach (double score in p)
                        sum += Math.Exp(score - max);
                    LogSumExp[pair * tokens + row] = max + Math.Log(sum);
                    for (int column = 0; column < tokens; column++)
                        p[column] = Math.Exp(p[column] - LogSumExp[pair * tokens + row]);
                    var y = Output(Y, pair, row);
                    for (int column = 0; column < tokens; column++)
                        Add(p[column], Part(qkv, pair, column, 2), y);
                }
            }
        }

        public double[] Y { get; }

        public double[] LogSumExp { get; }

        public double[] Gradient(double[] dy)
        {
            double[] gradient = new double[qkv.Length];
            for (int pair = 0; pair < samples * heads; pair++)
            {
                for (int row = 0; row < tokens; row++)
                {
                    double dot = Expect.Dot(Output(dy, pair, row), Output(Y, pair, row));
                    for (int column = 0; column < tokens; column++)
                    {
                        double p = probabilities[(pair * tokens + row) * tokens + column];
                        double ds = p * (Expect.Dot(Output(dy, pair, row), Part(qkv, pair, column, 2)) - dot) / Math.Sqrt(headDim);
                        Add(ds, Part(qkv, pair, column, 1), Part(gradient, pair, row, 0));
                        Add(ds, Part(qkv, pair, row, 0), Part(gradient, pair, column, 1));
                        Add(p, Output(dy, pair, row), Part(gradient, pair, column, 2));
                    }
                }
            }

            return gradient;
        }

        /// <summary>Query (0), key (1) or value (2) of a token in one (sample, head).</summary>
        private Span<double> Part(double[] data, int pair, int token, int part) =>
            data.AsSpan(((pair / heads * tokens + token) * 3 + part) * heads * headDim + pair % heads * headDim, headDim);

        private Span<double> Output(double[] data, int pair, int token) =>
            data.AsSpan((pair / heads * tokens + token) * heads * headDim + pair % heads * headDim, headDim);

        private static void Add(double factor, ReadOnlySpan<double> x, Span<double> y)
        {
            for (int i = 0; i < y.Length; i++)
                y[i] += factor * x[i];
        }
    }
}
