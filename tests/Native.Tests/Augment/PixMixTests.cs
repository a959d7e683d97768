using Robustify.Kernels;
using Robustify.Kernels.Random;
using Robustify.Native.Augment;
using Robustify.Native.Augment.Operations;
using Robustify.Native.Data.Transforms;

namespace Robustify.Native.Tests.Augment;

public sealed class PixMixTests
{
    private static readonly MixingPictures Pictures = MixingPictures.Fractals(3, 5);

    [Fact]
    public void SumsAndProductsFollowTheFormulas()
    {
        byte[] other = [0, 51, 128, 255];
        float[] image = [0.1f, 0.5f, 0.8f, 1f], sum = [.. image], product = [.. image];
        PixMix.Add(sum, other, 0.7f, 0.4f);
        PixMix.Multiply(product, other, 1.3f, 0.6f);
        for (int i = 0; i < image.Length; i++)
        {
            double y = image[i], z = other[i] / 255.0;
            Assert.Equal(Math.Clamp((0.7 * (2 * y - 1) + 0.4 * (2 * z - 1) + 1) / 2, 0, 1), sum[i], 1e-6);
            Assert.Equal(Math.Clamp(Math.Pow(2 * y, 1.3) * Math.Pow(Math.Max(2 * z, 1e-37), 0.6) / 2, 0, 1), product[i], 1e-6);
        }
    }

    [Fact]
    public void BlackTimesTheInverseOfBlackIsANumber()
    {
        float[] image = [0f];
        PixMix.Multiply(image, [0], 1.5f, -1f);
        Assert.InRange(image[0], 0f, 1f);
    }

    [Fact]
    public void MixturesDependOnTheDrawsAloneAndStayInRange()
    {
        var source = Robustify.Native.Tests.Data.Images.TestImages.Gradient(24, 20, 3);
        float[] Mix(uint sample)
        {
            var mixture = new float[source.Pixels.Length];
            new PixMix(new PixMixOptions(), Pictures).Mix(
                source, mixture, Normalization.Half(3), new PhiloxStream(1, RandomPurpose.AugMix, 0, sample), new AugMixScratch(new AugMixOptions()));
            return mixture;
        }

        Assert.Equal(Mix(1), Mix(1));
        var all = Enumerable.Range(0, 40).Select(sample => Mix((uint)sample)).ToArray();
        Assert.All(all, mixture => Assert.All(mixture, value => Assert.InRange(value, -1.00001f, 1.00001f))); // [0, 1] less 0.5, over 0.5
        Assert.True(all.Select(mixture => mixture.Sum()).Distinct().Count() > 30);
    }

    [Fact]
    public void WithoutRoundsTheImageOrOneOperationOnItRemains()
    {
        var source = Robustify.Native.Tests.Data.Images.TestImages.Gradient(16, 16, 3);
        var clean = new float[source.Pixels.Length];
        Normalization.Half(3).Apply(source, clean);
        int unchanged = 0;
        for (uint sample = 0; sample < 60; sample++)
        {
            var mixture = new float[clean.Length];
            new PixMix(new PixMixOptions { Rounds = 0 }, Pictures).Mix(
                source, mixture, Normalization.Half(3), new PhiloxStream(2, RandomPurpose.AugMix, 0, sample), new AugMixScratch(new AugMixOptions()));
            unchanged += mixture.Zip(clean).All(pair => Math.Abs(pair.First - pair.Second) < 1e-5) ? 1 : 0;
        }

        Assert.InRange(unchanged, 20, 50); // one half, and the operations that change nothing here
    }

    [Fact]
    public void FractalsArePicturesAndTheSameForOneSeed()
    {
        var again = MixingPictures.Fractals(3, 5);
        var other = MixingPictures.Fractals(3, 6);
        byte[] Crop(MixingPictures pictures)
        {
            var image = new Robustify.Native.Data.Images.Image8(1, 1, 1);
            pictures.Crop(64, 64, 3, new PhiloxStream(3, RandomPurpose.AugMix, 0, 0), image);
            return image.Pixels.ToArray();
        }

        Assert.Equal(Crop(Pictures), Crop(again));
        Assert.NotEqual(Crop(Pictures), Crop(other));
        Assert.True(Crop(Pictures).Distinct().Count() > 20);
    }

    [Fact]
    public void OptionsOutOfRangeAreRefused()
    {
        Assert.Throws<RobustifyException>(() => new PixMix(new PixMixOptions { Rounds = 17 }, Pictures));
        Assert.Throws<RobustifyException>(() => new PixMix(new PixMixOptions { Beta = 0 }, Pictures));
        Assert.Throws<RobustifyException>(() => new PixMix(new PixMixOptions { Severity = double.NaN }, Pictures));
        Assert.Throws<RobustifyException>(() => MixingPictures.Fractals(0, 1));
        Assert.Throws<RobustifyException>(() => MixingPictures.Read("/no/such/folder"));
    }

    [Fact]
    public void AFixedLevelIsTheSameInEveryDraw()
    {
        var random = new PhiloxStream(4, RandomPurpose.AugMix, 0, 0);
        var options = new AugMixOptions { FixedLevel = true, Severity = 3 };
        foreach (var operation in AugMixOperation.All)
        {
            double[] values = [.. Enumerable.Range(0, 30).Select(_ => Math.Abs(operation.Draw(options.Levels, 32, 32, random))).Distinct()];
            Assert.Single(values);
        }

        Assert.Equal(9, Math.Abs(AugMixOperation.Nine.Single(operation => operation.Name == "rotate").Draw(options.Levels, 32, 32, random)));
    }
}
