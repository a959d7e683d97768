using Robustify.Kernels.Backends;
using Robustify.Kernels.Cpu;
using Robustify.Kernels.Random;
using Robustify.Kernels.Tensors;

namespace Robustify.Kernels.Tests.Cpu;

public sealed class DropoutTests : IDisposable
{
    private readonly OperandMemory memory = new();
    private readonly CpuBackend backend = new(2);

    [Theory]
    [InlineData(0.1f)]
    [InlineData(0.5f)]
    public void DropoutKeepsTheExpectation(float probability)
    {
        const int Count = 400_000;
        var y = memory.Filled(0, 4, Count / 4);
        backend.Dropout(memory.Filled(1, 4, Count / 4), memory.Integers(3, 1, 4, 1_000_000), y, Draw(probability), accumulate: false);
        double mean = y.Span.ToArray().Average(v => (double)v);
        double deviation = Math.Sqrt(probability / (1 - probability) / Count);
        Assert.InRange(mean, 1 - 5 * deviation, 1 + 5 * deviation); // five standard deviations; the seed is fixed
        Assert.Equal([0, 1 / (1 - probability)], y.Span.ToArray().Distinct().Order());
    }

    [Fact]
    public void MaskIsThePhiloxWordOfTheElement()
    {
        int[] ids = [70, 5];
        var y = memory.Filled(0, 2, 11); // 11: the last block is not full
        var draw = Draw(0.4f);
        backend.Dropout(memory.Filled(1, 2, 11), memory.Integers(ids), y, draw, accumulate: false);
        for (int i = 0; i < 22; i++)
        {
            var (x0, x1, x2, x3) = Philox.Block(draw.Seed, draw.Purpose, 6, (uint)ids[i / 11], (uint)(i % 11 / 4));
            uint word = new[] { x0, x1, x2, x3 }[i % 11 % 4];
            Assert.Equal(Philox.ToUnitFloat(word) >= 0.4f, y.Span[i] != 0);
        }
    }

    [Fact]
    public void MaskDependsNeitherOnOrderNorOnSizeOfTheBatch()
    {
        const int Length = 40_001; // several pieces a sample, none of them full
        TensorView three = memory.Filled(0, 3, Length), one = memory.Filled(0, 1, Length);
        backend.Dropout(memory.Filled(1, 3, Length), memory.Integers(8, 2, 9), three, Draw(0.3f), accumulate: false);
        backend.Dropout(memory.Filled(1, 1, Length), memory.Integers(9), one, Draw(0.3f), accumulate: false);
        Assert.True(one.Span.SequenceEqual(three.Span[(2 * Length)..]));
        Assert.False(one.Span.SequenceEqual(three.Span[..Length]));
    }

    [Fact]
    public void LayersEpochsAndSeedsHaveOtherMasks()
    {
        var draw = Draw(0.5f);
        var masks = new[]
        {
            draw, draw with { Seed = 12 }, draw with { Purpose = draw.Purpose + (1u << 16) }, draw with { Epoch = memory.Integers(7) },
        }.Select(d =>
        {
            var y = memory.Filled(0, 1, 256);
            backend.Dropout(memory.Filled(1, 1, 256), memory.Integers(1), y, d, accumulate: false);
            return string.Concat(y.Span.ToArray().Select(v => v == 0 ? '0' : '1'));
        });
        Assert.Equal(4, masks.Distinct().Count());
    }

    [Fact]
    public void BackwardDropsWhatForwardDropped()
    {
        TensorView ids = memory.Integers(4, 6), x = memory.Normal(1, 1, 2, 50, 3), y = memory.Filled(0, 2, 50, 3);
        TensorView dy = memory.Normal(2, 1, 2, 50, 3), dx = memory.Filled(10, 2, 50, 3);
        backend.Dropout(x, ids, y, Draw(0.25f), accumulate: false);
        backend.Dropout(dy, ids, dx, Draw(0.25f), accumulate: true);
        for (int i = 0; i < 300; i++)
        {
            Assert.Equal(y.Span[i] == 0 ? 10 : 10 + dy.Span[i] / 0.75f, dx.Span[i], 2e-6f); // float rounding near 10
            Assert.Equal(y.Span[i] == 0 ? 0 : x.Span[i] / 0.75f, y.Span[i], 1e-6f);
        }
    }

    [Fact]
    public void ProbabilityZeroKeepsAllAndOneDropsAll()
    {
        TensorView ids = memory.Integers(4, 6), x = memory.Normal(1, 1, 2, 50), y = memory.Filled(9, 2, 50);
        backend.Dropout(x, ids, y, Draw(0), accumulate: false);
        Assert.True(x.Span.SequenceEqual(y.Span));
        backend.Dropout(x, ids, y, Draw(1), accumulate: false);
        Assert.All(y.Span.ToArray(), v => Assert.Equal(0, v));
        backend.StochasticDepth(x, memory.Normal(2, 1, 2, 50), ids, y, Draw(1));
        Assert.True(x.Span.SequenceEqual(y.Span));
    }

    [Fact]
    public void StochasticDepthDropsWholeBranchesAndBackwardTheSame()
    {
        const int Samples = 64, Length = 33;
        var ids = memory.Integers(Enumerable.Range(500, Samples).ToArray());
        TensorView x = memory.Normal(1, 1, Samples, Length), branch = memory.Normal(2, 1, Samples, Length);
        var y = memory.Filled(9, Samples, Length);
        TensorView dy = memory.Normal(3, 1, Samples, Length), dbranch = memory.Filled(9, Samples, Length);
        var draw = Draw(0.2f);
        backend.StochasticDepth(x, branch, ids, y, draw);
        backend.StochasticDepth(default, dy, ids, dbranch, draw);
        int kept = 0;
        for (int sample = 0; sample < Samples; sample++)
        {
            bool keep = Philox.ToUnitFloat(Philox.Block(draw.Seed, draw.Purpose, 6, (uint)(500 + sample), 0).X) >= 0.2f;
            kept += keep ? 1 : 0;
            for (int i = sample * Length; i < (sample + 1) * Length; i++)
            {
                Assert.Equal(x.Span[i] + (keep ? branch.Span[i] / 0.8f : 0), y.Span[i], 2e-6f); // float rounding of values below 8
                Assert.Equal(keep ? dy.Span[i] / 0.8f : 0, dbranch.Span[i], 2e-6f);
            }
        }

        Assert.InRange(kept, Samples / 2, Samples - 1); // both branches of the test were taken
    }

    public void Dispose()
    {
        backend.Dispose();
        memory.Dispose();
    }

    private DropoutDraw Draw(float probability) => new(11, (uint)RandomPurpose.Dropout | (3u << 16), memory.Integers(6), probability);
}
