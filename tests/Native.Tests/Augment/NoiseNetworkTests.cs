using Robustify.Kernels;
using Robustify.Kernels.Random;
using Robustify.Native.Augment;

namespace Robustify.Native.Tests.Augment;

public sealed class NoiseNetworkTests
{
    private const int Side = 12;

    [Fact]
    public void OneSeedGivesOneNoiseAndItsMeanIsZeroInEveryChannel()
    {
        float[] clean = Image(), first = Image(), second = Image(), other = Image();
        var network = new NoiseNetwork(new NoiseNetworkOptions { Share = 1 });
        Assert.True(network.Apply(first, Side, Side, 3, Stream(1)));
        network.Apply(other, Side, Side, 3, Stream(2));
        new NoiseNetwork(new NoiseNetworkOptions { Share = 1 }).Apply(second, Side, Side, 3, Stream(1));
        Assert.Equal(first, second);
        Assert.NotEqual(first, other);
        for (int channel = 0; channel < 3; channel++)
        {
            double[] noise = [.. Enumerable.Range(0, Side * Side).Select(i => (double)first[i * 3 + channel] - clean[i * 3 + channel])];
            // Each of the four blocks adds a standardised plane times the strength.
            Assert.InRange(noise.Average(), -1e-4, 1e-4);
            Assert.InRange(Math.Sqrt(noise.Average(n => n * n)), 0.05, 4 * 0.75);
        }
    }

    [Fact]
    public void OneBlockOfStrengthZeroChangesNothing()
    {
        float[] image = Image();
        new NoiseNetwork(new NoiseNetworkOptions { Share = 1, Weakest = 0, Strongest = 0 }).Apply(image, Side, Side, 3, Stream(1));
        Assert.Equal(Image(), image);
    }

    [Fact]
    public void TheShareOfImagesIsChanged()
    {
        var network = new NoiseNetwork(new NoiseNetworkOptions());
        int changed = Enumerable.Range(0, 200).Count(sample => network.Apply(new float[16], 4, 4, 1, Stream((uint)sample)));
        Assert.InRange(changed, 65, 135); // five deviations about one half
        float[] image = Image();
        Assert.False(new NoiseNetwork(new NoiseNetworkOptions { Share = 0 }).Apply(image, Side, Side, 3, Stream(1)));
        Assert.Equal(Image(), image);
    }

    [Fact]
    public void OptionsOutOfRangeAreRefused()
    {
        Assert.Throws<RobustifyException>(() => new NoiseNetwork(new NoiseNetworkOptions { Share = 1.1 }));
        Assert.Throws<RobustifyException>(() => new NoiseNetwork(new NoiseNetworkOptions { Weakest = 1 }));
    }

    /// <summary>The draw for a device ends at the word at which applying the network would have ended.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void ADrawTakesTheWordsOfTheNetworkItStandsFor(int channels)
    {
        var options = new NoiseNetworkOptions();
        for (uint sample = 0; sample < 12; sample++)
        {
            PhiloxStream applied = Stream(sample), drawn = Stream(sample);
            bool isChanged = new NoiseNetwork(options).Apply(new float[9 * channels], 3, 3, channels, applied);
            Assert.Equal(isChanged, NoiseNetwork.Draw(options, channels, drawn, out var draw));
            Assert.Equal(applied.NextUniform(), drawn.NextUniform());
            Assert.Equal(isChanged, draw.Strength > 0);
        }
    }

    [Fact]
    public void SumsAreThoseOf256LanesFoldedAsABlockOfThreadsFolds()
    {
        // Powers of two apart, so that every order of additions gives other bits: an exact sum of few values shows nothing.
        float[] values = [.. Enumerable.Range(0, 700).Select(i => MathF.Sin(i) * MathF.Pow(2, i % 23))];
        float[] lanes = new float[256], squares = new float[256];
        for (int i = 0; i < values.Length; i++)
        {
            lanes[i % 256] += values[i];
            squares[i % 256] = MathF.FusedMultiplyAdd(values[i], values[i], squares[i % 256]);
        }

        Assert.Equal(Block(lanes), LaneSums.Sum(values));
        Assert.Equal(Block(squares), LaneSums.SumOfSquares(values));
    }

    // Butterflies over 32 lanes, then over the eight results: every lane adds the one that differs in one bit.
    private static float Block(float[] lanes) => Warp([.. lanes.Chunk(32).Select(Warp), .. new float[24]]);

    private static float Warp(float[] lanes)
    {
        for (int bit = 16; bit > 0; bit /= 2)
            lanes = [.. lanes.Select((value, i) => value + lanes[i ^ bit])];
        return lanes[0];
    }

    private static PhiloxStream Stream(uint sample) => new(9, RandomPurpose.AugMix, 0, sample);

    private static float[] Image() => [.. Enumerable.Range(0, Side * Side * 3).Select(i => MathF.Sin(i * 0.37f) + i % 3)];
}
