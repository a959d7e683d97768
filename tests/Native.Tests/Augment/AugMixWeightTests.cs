using Robustify.Kernels.Random;
using Robustify.Native.Augment;

namespace Robustify.Native.Tests.Augment;

public sealed class AugMixWeightTests
{
    private const int Draws = 4000;

    [Theory]
    [InlineData(0.001)]
    [InlineData(0.3)]
    [InlineData(1)]
    [InlineData(5)]
    public void WeightsFollowTheDirichletAndBetaDistributions(double alpha)
    {
        var (weights, mixing) = Draw(new AugMixOptions { Alpha = alpha });
        double weightVariance = 2.0 / 9 / (3 * alpha + 1), mixingVariance = 0.25 / (2 * alpha + 1);
        // Four standard errors of a mean; the variance of a sample variance of values in 0..1 is at most variance / draws.
        Assert.InRange(weights.Average() - 1.0 / 3, -4 * Math.Sqrt(weightVariance / Draws), 4 * Math.Sqrt(weightVariance / Draws));
        Assert.InRange(mixing.Average() - 0.5, -4 * Math.Sqrt(mixingVariance / Draws), 4 * Math.Sqrt(mixingVariance / Draws));
        Assert.InRange(Variance(weights) - weightVariance, -4 * Math.Sqrt(weightVariance / Draws), 4 * Math.Sqrt(weightVariance / Draws));
        Assert.InRange(Variance(mixing) - mixingVariance, -4 * Math.Sqrt(mixingVariance / Draws), 4 * Math.Sqrt(mixingVariance / Draws));
    }

    [Fact]
    public void DrawsOfExactlyZeroGiveEqualWeights()
    {
        var recipe = new AugMixRecipe(3, 3);
        recipe.Draw(new AugMixOptions(), 4, 4, new ZeroStream());
        Assert.Equal([1f / 3, 1f / 3, 1f / 3], recipe.Weights.ToArray());
        Assert.Equal(0.5f, recipe.Mixing);
    }

    [Theory]
    [InlineData(-1, 1, 3)]
    [InlineData(5, 5, 5)]
    public void ChainsHaveTheAskedDepth(int depth, int shortest, int longest)
    {
        var options = new AugMixOptions { Depth = depth };
        var recipe = new AugMixRecipe(3, 5);
        var lengths = new List<int>();
        for (uint sample = 0; sample < 60; sample++)
        {
            recipe.Draw(options, 4, 4, new PhiloxStream(2, RandomPurpose.AugMix, 0, sample));
            for (int chain = 0; chain < 3; chain++)
                lengths.Add(recipe.Chain(chain).Length);
        }

        Assert.Equal((shortest, longest), (lengths.Min(), lengths.Max()));
    }

    private static (double[] FirstWeight, double[] Mixing) Draw(AugMixOptions options)
    {
        var recipe = new AugMixRecipe(3, 3);
        double[] weights = new double[Draws], mixing = new double[Draws];
        for (int i = 0; i < Draws; i++)
        {
            recipe.Draw(options, 1, 1, new PhiloxStream(9, RandomPurpose.AugMix, 0, (uint)i));
            (weights[i], mixing[i]) = (recipe.Weights[0], recipe.Mixing);
            Assert.InRange(recipe.Weights[0] + recipe.Weights[1] + recipe.Weights[2], 0.999999f, 1.000001f); // three float roundings
        }

        return (weights, mixing);
    }

    private static double Variance(double[] values)
    {
        double mean = values.Average();
        return values.Average(v => (v - mean) * (v - mean));
    }

    private sealed class ZeroStream : IRandomStream
    {
        public double NextUniform() => 0;

        public double NextNormal() => 0;

        public int NextInteger(int low, int high) => low;
    }
}
