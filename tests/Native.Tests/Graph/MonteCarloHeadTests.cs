using Robustify.Kernels.Cpu;
using Robustify.Kernels.Random;
using Robustify.Kernels.Tensors;
using Robustify.Native.Graph;
using Robustify.Native.Graph.Ops;
using Robustify.Native.Planning;

namespace Robustify.Native.Tests.Graph;

/// <summary>Monte-Carlo dropout over a classifier: features of 6 samples, width 8, 3 classes.</summary>
public sealed class MonteCarloHeadTests
{
    private const int Samples = 6, Width = 8, Classes = 3;

    // Nothing is dropped, so the mean of equal distributions is the distribution.
    [Fact]
    public void WithoutDroppingTheResultIsTheLogarithmOfTheSoftmax()
    {
        double[] plain = Run(probability: 0.3f, passes: 1, plain: true), log = Run(probability: 1e-30f, passes: 5);
        for (int row = 0; row < Samples; row++)
        {
            double sum = plain[(row * Classes)..((row + 1) * Classes)].Sum(Math.Exp);
            for (int i = row * Classes; i < (row + 1) * Classes; i++)
                Assert.Equal(plain[i] - Math.Log(sum), log[i], 1e-5); // logits of a few units in float
        }
    }

    [Fact]
    public void TheResultIsADistributionThatDependsOnEpochAndSample()
    {
        double[] first = Run(0.4f, 10);
        for (int row = 0; row < Samples; row++)
            Assert.Equal(1, first[(row * Classes)..((row + 1) * Classes)].Sum(Math.Exp), 1e-5); // float probabilities
        Assert.Equal(first, Run(0.4f, 10));
        Assert.NotEqual(first, Run(0.4f, 10, epoch: 3));
        Assert.NotEqual(first, Run(0.4f, 10, firstId: 50));
    }

    // The teacher sees only the second half of a step's samples: their draws are those that the whole would have given them.
    [Theory]
    [InlineData(0, 3)]
    [InlineData(3, 3)]
    [InlineData(5, 1)]
    public void ASliceOfTheSamplesGivesTheBitsOfTheWhole(int first, int rows) =>
        Assert.Equal(Run(0.4f, 4)[(first * Classes)..((first + rows) * Classes)], Run(0.4f, 4, first: first, rows: rows));

    private static double[] Run(
        float probability, int passes, int epoch = 1, int firstId = 7, int first = 0, int rows = Samples, bool plain = false)
    {
        using var parameters = new ParameterStore(
            [
                new ParameterSpec("features", new Shape(Samples, Width), Initializer.Zeros), new ParameterSpec("weight", new Shape(Classes, Width), Initializer.Zeros),
                new ParameterSpec("bias", new Shape(Classes), Initializer.Zeros),
            ],
            _ => false);
        var random = new PhiloxStream(2, RandomPurpose.Initialization, 0, 0);
        foreach (var parameter in parameters.All)
        {
            foreach (ref float x in parameter.Value.View.Span)
                x = (float)random.NextNormal();
        }

        var graph = new GraphBuilder(training: false, seed: 4);
        var features = graph.Input("features", new Shape(rows, Width));
        var result = graph.Keep(plain
            ? graph.Linear("head", features, parameters["weight"], parameters["bias"])
            : graph.MonteCarloHead("mc", features, parameters["weight"], parameters["bias"], probability, passes, first, Samples));
        using var plan = new Plan(graph).Allocate();
        using var backend = new CpuBackend(1);
        parameters["features"].Value.View.Span.Slice(first * Width, rows * Width).CopyTo(features.View.Span);
        if (!plain)
        {
            unsafe
            {
                for (int i = 0; i < Samples; i++)
                    graph.SampleIds!.View.Integers[i] = firstId + i;
                *graph.Epoch!.View.Integers = epoch;
            }
        }

        plan.Run(backend);
        return Array.ConvertAll(result.View.Span.ToArray(), x => (double)x);
    }
}
