using Robustify.Kernels.Cpu;
using Robustify.Kernels;
using Robustify.Kernels.Backends;
using Robustify.Kernels.Memory;
using Robustify.Kernels.Random;
using Robustify.Kernels.Tensors;
using Robustify.Native.Training;

namespace Robustify.Native.Tests.Training;

public sealed class OptimizerTests : IDisposable
{
    private const int Count = 40;

    private readonly IBackend backend = new CpuBackend(1);
    private readonly NativeBuffer memory = new(8 * Count * sizeof(float), "optimizer test");

    [Theory]
    [InlineData(OptimizerKind.Sgd)]
    [InlineData(OptimizerKind.AdamW)]
    public void ResumedOptimizerContinuesWithTheSameBits(OptimizerKind kind)
    {
        var options = new OptimizerOptions { Kind = kind, WeightDecay = 0.1 };
        ParameterSegment[] segments = [new(0, 30, 1), new(30, 10, 0)];
        var optimizer = Create(options, segments);
        Train(optimizer, 0, 3);
        float[] parameters = Values(0), state = [.. Values(2), .. Values(3)];
        Train(optimizer, 3, 6);
        float[] expected = Values(0);

        var resumed = Create(options, segments);
        parameters.CopyTo(View(0).Span);
        state.CopyTo(View(2, 2).Span);
        resumed.Resume(3);
        Train(resumed, 3, 6);
        Assert.Equal(expected, Values(0));
    }

    [Fact]
    public void OnlySegmentsMove()
    {
        var optimizer = Create(new OptimizerOptions { Kind = OptimizerKind.AdamW, WeightDecay = 0.5 }, [new(3, 5, 1), new(16, 8, 0)]);
        View(0).Span.Fill(2);
        View(1).Span.Fill(float.NaN);
        View(1).Span.Slice(3, 5).Fill(1);
        View(1).Span.Slice(16, 8).Fill(1);
        Assert.Equal(Math.Sqrt(13), optimizer.ClipGradients(), 1e-12); // exact but for the root in double
        optimizer.Step(0.1);
        for (int i = 0; i < Count; i++)
        {
            float expected = i is >= 3 and < 8 ? 2 * (1 - 0.05f) - 0.1f : i is >= 16 and < 24 ? 2 - 0.1f : 2;
            Assert.Equal(expected, View(0).Span[i], 1e-6f); // a first Adam step is the rate; float rounding near 2
        }
    }

    [Fact]
    public void NeighboursThatDecayAlikeGiveTheSameBitsAsOneSegment()
    {
        var options = new OptimizerOptions { WeightDecay = 0.1 };
        Train(Create(options, [new(0, Count, 1)]), 0, 3);
        float[] expected = Values(0);
        Train(Create(options, [new(0, 1, 1), new(1, 12, 1), new(13, Count - 13, 1)]), 0, 3);
        Assert.Equal(expected, Values(0));
    }

    [Fact]
    public void ClippingSharesOneNormAmongAllSegments()
    {
        var optimizer = Create(new OptimizerOptions { MaximumGradientNorm = 1, WeightDecay = 1 }, [new(0, 1, 1), new(1, 1, 0)]);
        View(1).Span[0] = 3;
        View(1).Span[1] = 4;
        Assert.Equal(5, optimizer.ClipGradients());
        Assert.Equal(0.6f, View(1).Span[0], 1e-6f); // 1e-6 is added to the norm
        Assert.Equal(0.8f, View(1).Span[1], 1e-6f);
        Assert.Equal(1, optimizer.ClipGradients(), 1e-6);
    }

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    public void ExplodedGradientsAreReportedAndLeftAlone(float value)
    {
        var optimizer = Create(new OptimizerOptions { MaximumGradientNorm = 1 }, [new(0, 2, 1)]);
        View(1).Span[0] = value;
        View(1).Span[1] = 4;
        Assert.False(double.IsFinite(optimizer.ClipGradients()));
        Assert.Equal(4, View(1).Span[1]);
    }

    [Fact]
    public void StateIsNamedAndSgdWithoutMomentumHasNone()
    {
        Assert.Equal(["first_moment", "second_moment"], Create(new() { Kind = OptimizerKind.AdamW }, []).State.Select(s => s.Name));
        Assert.Equal(["momentum"], Create(new() { Momentum = 0.5 }, []).State.Select(s => s.Name));
        Assert.Empty(Create(new() { Momentum = 0 }, []).State);
    }

    [Theory]
    [InlineData(double.NaN)]
    [InlineData(-1e-9)]
    [InlineData(1e39)] // infinite as a float
    public void ImpossibleRateIsRefusedBeforeAnythingMoves(double rate)
    {
        var optimizer = Create(new(), [new(0, Count, 1)]);
        View(1).Span.Fill(1);
        Assert.Contains("learning rate", Assert.Throws<RobustifyException>(() => optimizer.Step(rate)).Message);
        Assert.Equal(0, optimizer.CompletedSteps);
        Assert.Equal(new float[Count], Values(0));
    }

    [Fact]
    public void SegmentsThatOverlapOrLeaveTheRangeAreRefused()
    {
        Assert.Throws<ArgumentException>(() => Create(new(), [new(0, 5, 1), new(4, 5, 1)]));
        Assert.Throws<ArgumentException>(() => Create(new(), [new(8, 4, 1), new(0, 4, 1)]));
        Assert.Throws<ArgumentException>(() => Create(new(), [new(1, Count, 1)]));
        Assert.Throws<ArgumentException>(() => Create(new(), [new(1, int.MaxValue, 1)]));
        Assert.Throws<ArgumentException>(() => Create(new(), [new(-1, 4, 1)]));
        Assert.Throws<ArgumentException>(() => Create(new(), [new(0, 4, float.NaN)]));
    }

    public void Dispose()
    {
        backend.Dispose();
        memory.Dispose();
    }

    // Slots of the memory: parameters, gradients, up to two of state.
    private Optimizer Create(OptimizerOptions options, ParameterSegment[] segments)
    {
        View(0, 8).Span.Clear();
        int slots = (int)Optimizer.StateLength(options, 1);
        return Optimizer.Create(options, backend, View(0), View(1), slots == 0 ? default : View(2, slots), segments);
    }

    private void Train(Optimizer optimizer, uint first, uint end)
    {
        for (uint step = first; step < end; step++)
        {
            var stream = new PhiloxStream(1, RandomPurpose.Initialization, step, 0);
            foreach (ref float g in View(1).Span)
                g = (float)stream.NextNormal();
            optimizer.Step(0.05);
        }
    }

    private float[] Values(int slot) => View(slot).Span.ToArray();

    private TensorView View(int slot, int slots = 1) => memory.View((long)slot * Count * sizeof(float), new Shape(slots * Count));
}
