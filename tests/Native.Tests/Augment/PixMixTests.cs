using Robustify.Kernels;
using Robustify.Kernels.Random;
using Robustify.Native.Augment;
using Robustify.Native.Data.Images;
using Robustify.Native.Data.Transforms;

namespace Robustify.Native.Tests.Augment;

public sealed class PixMixTests
{
    [Fact]
    public void WithoutRoundsAMixtureIsTheImageOrOneOperationOnIt()
    {
        var image = TestImages.Random(28, 28, 1);
        float[] clean = new float[image.Pixels.Length];
        Normalization.Half(1).Apply(image, clean);
        var pixMix = new PixMix(new PixMixOptions { Rounds = 0 }, 28, 1);
        int unchanged = 0;
        for (uint sample = 0; sample < 200; sample++)
            unchanged += Largest(Mix(pixMix, image, sample), clean) < 1e-6f ? 1 : 0;

        // Half of 200 in expectation, and a little more as some operations draw a level that changes nothing; 5 deviations of a binomial are 35.
        Assert.InRange(unchanged, 65, 160);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void MixturesStayWithinTheNormalisedRangeAndDiffer(int channels)
    {
        var image = TestImages.Random(32, 32, channels);
        var pixMix = new PixMix(new PixMixOptions(), 32, channels);
        var seen = new HashSet<float>();
        for (uint sample = 0; sample < 100; sample++)
        {
            float[] mixture = Mix(pixMix, image, sample);
            Assert.All(mixture, v => Assert.InRange(v, -1.00001f, 1.00001f));
            seen.Add(mixture.Sum());
        }

        Assert.True(seen.Count > 50, $"{seen.Count} different mixtures of 100");
    }

    [Fact]
    public void EachSampleRepeatsItsMixture()
    {
        var image = TestImages.Random(32, 32, 3);
        Assert.Equal(Mix(new PixMix(new PixMixOptions(), 32, 3), image, 5), Mix(new PixMix(new PixMixOptions(), 32, 3), image, 5));
    }

    // The formulas of the paper's code in double: ((a(2y-1) + b(2z-1)) + 1) / 2 and (2y)^a max(2z, 1e-37)^b / 2.
    [Theory]
    [InlineData(0.8f, 0.3f)]
    [InlineData(1.4f, -0.4f)]
    public void RoundsAddAndMultiplyByTheFormulas(float a, float b)
    {
        byte[] other = [0, 1, 64, 128, 200, 255];
        float[] image = [0.4f, 0f, 0.25f, 0.5f, 0.9f, 1f], sum = [.. image], product = [.. image];
        PixMix.Add(sum, other, a, b);
        PixMix.Multiply(product, other, a, b);
        for (int i = 0; i < image.Length; i++)
        {
            double y = image[i], z = other[i] / 255.0;
            Assert.Equal(Math.Clamp((a * (2 * y - 1) + b * (2 * z - 1) + 1) / 2, 0, 1), sum[i], 1e-6);
            double expected = y == 0 ? 0 : Math.Pow(2 * y, a) * Math.Pow(Math.Max(2 * z, 1e-37), b) / 2;
            Assert.Equal(Math.Clamp(expected, 0, 1), product[i], 1e-5);
        }
    }

    [Fact]
    public void FractalPicturesAreRichAndEachIsItsOwn()
    {
        var pictures = new FractalPictures(36, 1);
        var sums = new HashSet<long>();
        for (int i = 0; i < pictures.Count; i++)
        {
            byte[] pixels = pictures[i].Pixels.ToArray();
            Assert.True(pixels.Distinct().Count() > 4, $"picture {i} has {pixels.Distinct().Count()} levels");
            sums.Add(pixels.Select((p, at) => (long)p * (at + 1)).Sum());
        }

        Assert.Equal(pictures.Count, sums.Count);
    }

    [Fact]
    public void OptionsOutsideTheirRangeAreRefused()
    {
        foreach (var options in (PixMixOptions[])[new() { Rounds = -1 }, new() { Beta = 0 }, new() { Severity = double.NaN }])
            Assert.StartsWith("pixmix: ", Assert.Throws<RobustifyException>(() => new PixMix(options, 28, 1)).Message);
    }

    private static float Largest(float[] a, float[] b) => a.Zip(b, (x, y) => Math.Abs(x - y)).Max();

    private static float[] Mix(PixMix pixMix, Image8 image, uint sample)
    {
        float[] mixture = new float[image.Pixels.Length];
        pixMix.Mix(
            image, mixture, Normalization.Half(image.Channels), new PhiloxStream(3, RandomPurpose.PixMix, 0, sample), new AugMixScratch(new AugMixOptions()));
        return mixture;
    }
}
