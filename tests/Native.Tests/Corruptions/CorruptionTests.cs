using Robustify.Kernels;
using Robustify.Kernels.Random;
using Robustify.Native.Corruptions;
using Robustify.Native.Data.Images;
using Robustify.Native.Tests.Data.Images;

namespace Robustify.Native.Tests.Corruptions;

public class CorruptionTests
{
    public static TheoryData<string> Names() => new(CorruptionCatalog.All.Select(c => c.Name));

    // The JPEG codec's wrappers are objects.
    public static TheoryData<string> NamesWithoutCodec() => new(CorruptionCatalog.All.Select(c => c.Name).Where(name => name != "jpeg_compression"));

    [Theory]
    [MemberData(nameof(Names))]
    public void SeveritiesOutsideOneToFiveAreRefused(string name)
    {
        foreach (int severity in new[] { int.MinValue, -1, 0, 6, int.MaxValue })
        {
            var error = Assert.Throws<RobustifyException>(() => Corrupt(name, TestImages.Gradient(8, 8, 3), severity, 0));
            Assert.Contains(name, error.Message);
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void GreyImagesStayGreyAndChange(string name)
    {
        var grey = TestImages.Gradient(28, 28, 1);
        var result = Corrupt(name, grey, 5, 0);
        Assert.Equal((28, 28, 1), (result.Width, result.Height, result.Channels));
        Assert.NotEqual(grey.Pixels.ToArray(), result.Pixels.ToArray());
    }

    // A worker corrupts whatever image comes next: nothing of the one before may show.
    [Theory]
    [MemberData(nameof(Names))]
    public void WhatTheScratchHeldBeforeDoesNotShow(string name)
    {
        var corruption = CorruptionCatalog.Find(name);
        var used = new CorruptionScratch();
        foreach (var (side, channels) in new[] { (28, 1), (28, 3), (64, 3) })
        {
            for (uint sample = 0; sample < 4; sample++)
            {
                var image = TestImages.Gradient(side, side, channels);
                Image8 fresh = new(1, 1, 1), again = new(1, 1, 1);
                for (int severity = 1; severity <= Corruption.MaxSeverity; severity++)
                {
                    foreach (var other in CorruptionCatalog.All)
                        other.Apply(image, again, 1 + (int)(sample + (uint)severity) % 5, CorruptionSeed.Stream(2, other, 1, sample), used);
                    corruption.Apply(image, fresh, severity, CorruptionSeed.Stream(1, corruption, severity, sample), new CorruptionScratch());
                    corruption.Apply(image, again, severity, CorruptionSeed.Stream(1, corruption, severity, sample), used);
                    Assert.Equal(fresh.Pixels.ToArray(), again.Pixels.ToArray());
                }
            }
        }
    }

    [Theory]
    [InlineData("defocus_blur")]
    [InlineData("gaussian_blur")]
    [InlineData("brightness")]
    [InlineData("contrast")]
    [InlineData("pixelate")]
    public void DeterministicCorruptionsOfGreyAreThoseOfGreyAsColour(string name)
    {
        var grey = TestImages.Gradient(40, 30, 1);
        var colour = new Image8(40, 30, 3);
        for (int i = 0; i < colour.Pixels.Length; i++)
            colour.Pixels[i] = grey.Pixels[i / 3];
        Image8 greyResult = Corrupt(name, grey, 4, 0), colourResult = Corrupt(name, colour, 4, 0);
        for (int i = 0; i < colourResult.Pixels.Length; i++)
            Assert.Equal(greyResult.Pixels[i / 3], colourResult.Pixels[i]);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void TinyAndOblongImagesAreTaken(string name)
    {
        foreach (var (width, height) in new[] { (1, 1), (1, 9), (7, 1), (2, 2), (300, 3) })
        {
            foreach (int channels in new[] { 1, 3 })
            {
                var result = Corrupt(name, TestImages.Gradient(width, height, channels), 5, 0);
                Assert.Equal((width, height, channels), (result.Width, result.Height, result.Channels));
            }
        }
    }

    [Theory]
    [InlineData("gaussian_noise")]
    [InlineData("shot_noise")]
    [InlineData("impulse_noise")]
    public void NoiseDependsOnSeedSeverityAndSampleOnly(string name)
    {
        var image = TestImages.Gradient(32, 32, 3);
        byte[] first = Corrupt(name, image, 3, 5).Pixels.ToArray();
        Assert.Equal(first, Corrupt(name, image, 3, 5).Pixels.ToArray());
        Assert.NotEqual(first, Corrupt(name, image, 3, 6).Pixels.ToArray());
        Assert.NotEqual(first, Corrupt(name, image, 3, 5, seed: 8).Pixels.ToArray());
    }

    [Fact]
    public void NoTwoCorruptionsAndSeveritiesShareTheirDraws()
    {
        var firstDraws = CorruptionCatalog.All.SelectMany(corruption => Enumerable.Range(1, 5)
            .Select(severity => CorruptionSeed.Stream(7, corruption, severity, 3).NextUniform())).ToArray();
        Assert.Equal(firstDraws.Length, firstDraws.Distinct().Count());
    }

    [Theory]
    [InlineData(25)] // mean 4.9 of 50 photons: inversion
    [InlineData(51)] // mean 10: the first of the rejection sampler
    [InlineData(128)] // mean 25.1: rejection
    public void ShotNoiseFollowsThePoissonDistribution(byte level)
    {
        const double photons = 50; // cifar32, severity 5: every count up to 50 has its own level
        const int side = 32, samples = 200;
        double mean = level / 255.0 * photons;
        var counts = new double[51];
        var image = TestImages.Flat(side, side, 1, level);
        for (uint sample = 0; sample < samples; sample++)
        {
            foreach (byte value in Corrupt("shot_noise", image, 5, sample).Pixels)
                counts[(int)Math.Ceiling(value * photons / 255 - 1e-9)]++; // undoes the truncation of k / 50 * 255
        }

        double total = (double)side * side * samples, chiSquare = 0, probability = Math.Exp(-mean);
        int bins = 0;
        for (int k = 0; k < 50; probability *= mean / ++k)
        {
            if (probability * total < 10)
                continue; // too rare for the chi-square approximation
            chiSquare += (counts[k] - probability * total) * (counts[k] - probability * total) / (probability * total);
            bins++;
        }

        // Chi-square with n degrees of freedom has mean n and deviation sqrt(2n): five deviations.
        Assert.InRange(chiSquare, 0, bins + 5 * Math.Sqrt(2 * bins));
    }

    [Theory]
    [InlineData(28, 28, CorruptionVariant.Cifar32)]
    [InlineData(45, 500, CorruptionVariant.Cifar32)]
    [InlineData(46, 46, CorruptionVariant.Tiny64)]
    [InlineData(119, 119, CorruptionVariant.Tiny64)]
    [InlineData(120, 120, CorruptionVariant.ImageNet224)]
    [InlineData(256, 384, CorruptionVariant.ImageNet224)]
    [InlineData(900, 258, CorruptionVariant.ImageNet224)]
    [InlineData(259, 259, CorruptionVariant.Inception299)]
    [InlineData(16384, 16384, CorruptionVariant.Inception299)]
    public void ConstantsAreThoseOfTheNearestVariant(int width, int height, CorruptionVariant expected) =>
        Assert.Equal(expected, CorruptionVariants.ForSize(width, height));

    [Fact]
    public void AnUnknownNameIsAnsweredWithTheKnownOnes()
    {
        var error = Assert.Throws<RobustifyException>(() => CorruptionCatalog.Find("gausian_noise"));
        Assert.All(CorruptionCatalog.All, corruption => Assert.Contains(corruption.Name, error.Message));
    }

    [Theory]
    [MemberData(nameof(NamesWithoutCodec))]
    public void RepeatedSizesAllocateNothing(string name)
    {
        var corruption = CorruptionCatalog.Find(name);
        var source = TestImages.Gradient(28, 28, 1);
        var destination = new Image8(28, 28, 1);
        var scratch = new CorruptionScratch();
        var stream = CorruptionSeed.Stream(1, corruption, 3, 0);
        corruption.Apply(source, destination, 3, stream, scratch);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 5; i++)
            corruption.Apply(source, destination, 3, stream, scratch);
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }

    private static Image8 Corrupt(string name, Image8 source, int severity, uint sample, ulong seed = 7)
    {
        var corruption = CorruptionCatalog.Find(name);
        var destination = new Image8(1, 1, 1);
        PhiloxStream stream = CorruptionSeed.Stream(seed, corruption, severity, sample);
        corruption.Apply(source, destination, severity, stream, new CorruptionScratch());
        return destination;
    }
}
