using Robustify.Kernels.Random;

namespace Robustify.Kernels.Tests.Random;

public sealed class PhiloxTests
{
    // The known-answer vectors of the authors' Random123 library for philox4x32 with 10 rounds.
    [Theory]
    [InlineData(0ul, 0u, 0u, 0u, 0u, 0x6627e8d5u, 0xe169c58du, 0xbc57ac4cu, 0x9b00dbd8u)]
    [InlineData(ulong.MaxValue, uint.MaxValue, uint.MaxValue, uint.MaxValue, uint.MaxValue, 0x408f276du, 0x41c83b0eu, 0xa20bc7c6u, 0x6d5451fdu)]
    [InlineData(0x299f31d0a4093822ul, 0x243f6a88u, 0x85a308d3u, 0x13198a2eu, 0x03707344u, 0xd16cfe09u, 0x94fdccebu, 0x5001e420u, 0x24126ea1u)]
    public void BlocksAreThePublishedOnes(ulong key, uint c0, uint c1, uint c2, uint c3, uint x, uint y, uint z, uint w) =>
        Assert.Equal((x, y, z, w), Philox.Block(key, c0, c1, c2, c3));

    [Fact]
    public void AStreamIsTheBlocksOfItsCounterInOrder()
    {
        var stream = new PhiloxStream(77, RandomPurpose.Corruption, 3, 9);
        for (uint block = 0; block < 5; block++)
        {
            var (x, y, z, w) = Philox.Block(77, (uint)RandomPurpose.Corruption, 3, 9, block);
            Assert.Equal([x, y, z, w], [stream.NextWord(), stream.NextWord(), stream.NextWord(), stream.NextWord()]);
        }
    }

    // A worker's stream goes from sample to sample in any order: what was drawn before must not show, in the middle of a block or not.
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(7)]
    public void ResetForgetsEverythingDrawnBefore(int drawn)
    {
        var used = new PhiloxStream(1, RandomPurpose.Dropout, 5, 6);
        for (int i = 0; i < drawn; i++)
            used.NextWord();
        used.Reset(2, (uint)RandomPurpose.AugMix, 7, 8);
        var fresh = new PhiloxStream(2, RandomPurpose.AugMix, 7, 8);
        for (int i = 0; i < 9; i++)
            Assert.Equal(fresh.NextWord(), used.NextWord());
    }

    [Fact]
    public void SeedPurposeEpochAndSampleEachGiveOtherDraws()
    {
        PhiloxStream[] streams =
        [
            new(1, RandomPurpose.Shuffle, 0, 0), new(2, RandomPurpose.Shuffle, 0, 0), new(1ul << 32 | 1, RandomPurpose.Shuffle, 0, 0),
            new(1, RandomPurpose.Split, 0, 0), new(1, RandomPurpose.Shuffle, 1, 0), new(1, RandomPurpose.Shuffle, 0, 1),
        ];
        Assert.Distinct(streams.Select(s => s.NextWord()));
    }

    // 2^53 equidistant values: means within five standard deviations of 10 000 draws.
    [Fact]
    public void UniformAndNormalDrawsHaveTheirMoments()
    {
        const int Draws = 10_000;
        var stream = new PhiloxStream(3, RandomPurpose.Initialization, 0, 0);
        double[] uniform = [.. Enumerable.Range(0, Draws).Select(_ => stream.NextUniform())], normal = [.. Enumerable.Range(0, Draws).Select(_ => stream.NextNormal())];
        Assert.All(uniform, x => Assert.InRange(x, 0, Math.BitDecrement(1.0)));
        Assert.InRange(uniform.Average(), 0.5 - 5 * Math.Sqrt(1.0 / 12 / Draws), 0.5 + 5 * Math.Sqrt(1.0 / 12 / Draws));
        Assert.InRange(normal.Average(), -5 / Math.Sqrt(Draws), 5 / Math.Sqrt(Draws));

        // The variance of a squared normal is 2, of its fourth power 96.
        Assert.InRange(normal.Average(x => x * x), 1 - 5 * Math.Sqrt(2.0 / Draws), 1 + 5 * Math.Sqrt(2.0 / Draws));
        Assert.InRange(normal.Average(x => x * x * x * x), 3 - 5 * Math.Sqrt(96.0 / Draws), 3 + 5 * Math.Sqrt(96.0 / Draws));
    }

    [Fact]
    public void IntegersCoverTheirWholeRangeEvenlyAndNothingElse()
    {
        var stream = new PhiloxStream(4, RandomPurpose.Initialization, 0, 0);
        int[] counts = new int[7];
        for (int i = 0; i < 7000; i++)
            counts[stream.NextInteger(-3, 4) + 3]++;

        // Binomial: 1000 expected, deviation 29; five of them.
        Assert.All(counts, count => Assert.InRange(count, 855, 1145));
        for (int i = 0; i < 100; i++)
            Assert.InRange(stream.NextInteger(int.MinValue, int.MaxValue), int.MinValue, int.MaxValue - 1);
    }

    [Fact]
    public void AWordBecomesAFloatBelowOne()
    {
        Assert.Equal(0, Philox.ToUnitFloat(0));
        Assert.Equal(0, Philox.ToUnitFloat(255));
        Assert.Equal(MathF.BitDecrement(1), Philox.ToUnitFloat(uint.MaxValue));
    }
}
