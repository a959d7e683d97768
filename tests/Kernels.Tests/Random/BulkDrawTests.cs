using Robustify.Kernels.Random;

namespace Robustify.Kernels.Tests.Random;

public sealed class BulkDrawTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    [InlineData(15)]
    [InlineData(16)]
    [InlineData(47)]
    [InlineData(1000)]
    public void FilledWordsAreThoseOfSingleDraws(int count)
    {
        PhiloxStream single = Stream(), bulk = Stream();
        var words = new uint[count];
        bulk.FillWords(words);
        foreach (uint word in words)
            Assert.Equal(single.NextWord(), word);
    }

    [Fact]
    public void CuttingAFillIntoWholeBlocksChangesNoDraw()
    {
        PhiloxStream whole = Stream(), parts = Stream();
        var expected = new float[1000];
        whole.FillNormals(expected);
        var actual = new float[1000];
        parts.FillNormals(actual.AsSpan(0, 64));
        parts.FillNormals(actual.AsSpan(64, 16));
        parts.FillNormals(actual.AsSpan(80));
        Assert.Equal(expected, actual);
    }

    [Fact]
    public void NormalsAreBoxMullerOfTheWords()
    {
        const int count = 4099; // not a multiple of anything
        PhiloxStream ofWords = Stream(), ofNormals = Stream();
        var words = new uint[count + 1];
        var normals = new float[count];
        ofWords.FillWords(words);
        ofNormals.FillNormals(normals);
        for (int i = 0; i < count; i++)
        {
            uint radiusWord = words[i & ~1], angleWord = words[i | 1];
            double radius = Math.Sqrt(-2 * Math.Log(((radiusWord >> 1) + 0.5) / 2147483648.0)), angle = 2 * Math.PI * angleWord / 4294967296.0;
            double expected = radius * ((i & 1) == 0 ? Math.Cos(angle) : Math.Sin(angle));
            // A few roundings of single precision; near radius 0 the uniform is within 2^-24 of 1 and only its distance to 1 counts.
            Assert.True(Math.Abs(normals[i] - expected) < 2e-6 * Math.Max(1, radius) + (radius < 0.01 ? 1e-3 : 0), $"{i}: {normals[i]} for {expected}");
        }
    }

    [Fact]
    public void NormalsHaveTheMomentsAndTheTailsOfTheNormalDistribution()
    {
        const int count = 1 << 21;
        var normals = new float[count];
        Stream().FillNormals(normals);
        double mean = 0, square = 0, cube = 0, fourth = 0, product = 0;
        int beyondFour = 0;
        for (int i = 0; i < count; i++)
        {
            double z = normals[i];
            (mean, square, cube, fourth) = (mean + z, square + z * z, cube + z * z * z, fourth + z * z * z * z);
            product += i > 0 ? z * normals[i - 1] : 0;
            beyondFour += Math.Abs(z) > 4 ? 1 : 0;
        }

        // Five standard errors of each moment: variances 1, 2, 15 and 96 over the count.
        double error = 5 / Math.Sqrt(count);
        Assert.InRange(mean / count, -error, error);
        Assert.InRange(square / count - 1, -error * Math.Sqrt(2), error * Math.Sqrt(2));
        Assert.InRange(cube / count, -error * Math.Sqrt(15), error * Math.Sqrt(15));
        Assert.InRange(fourth / count - 3, -error * Math.Sqrt(96), error * Math.Sqrt(96));
        Assert.InRange(product / count, -error, error);
        double expected = 6.334e-5 * count; // two-sided tail beyond four deviations
        Assert.InRange(beyondFour, expected - 5 * Math.Sqrt(expected), expected + 5 * Math.Sqrt(expected));
    }

    [Fact]
    public void PassingOverWordsLeavesTheStreamWhereTakingThemWould()
    {
        for (uint before = 0; before < 6; before++)
        {
            for (uint words = 0; words < 11; words++)
            {
                PhiloxStream taken = Stream(), passed = Stream();
                for (uint i = 0; i < before; i++)
                    Assert.Equal(taken.NextWord(), passed.NextWord());
                for (uint i = 0; i < words; i++)
                    taken.NextWord();
                passed.Skip(words);
                Assert.Equal(before + words, passed.Position);
                Assert.Equal(taken.Position, passed.Position);
                for (int i = 0; i < 5; i++)
                    Assert.Equal(taken.NextWord(), passed.NextWord());
            }
        }
    }

    private static PhiloxStream Stream() => new(17, RandomPurpose.Corruption, 3, 5);
}
