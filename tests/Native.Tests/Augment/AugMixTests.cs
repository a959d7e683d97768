using Robustify.Kernels;
using Robustify.Kernels.Random;
using Robustify.Native.Augment;
using Robustify.Native.Augment.Operations;
using Robustify.Native.Data.Images;
using Robustify.Native.Data.Transforms;

namespace Robustify.Native.Tests.Augment;

public sealed class AugMixTests
{
    private static readonly AugMixOptions AllOperations = new() { AllOperations = true, Severity = 10 };

    [Fact]
    public void GreyImageMixesAsItsRgbReplicaDoes()
    {
        for (uint sample = 0; sample < 50; sample++)
        {
            var grey = TestImages.Random(28, 28, 1, sample);
            var rgb = ChannelConversion.Convert(grey, 3, new Image8(1, 1, 1));
            float[] greyMix = Mix(grey, AllOperations, sample), rgbMix = Mix(rgb, AllOperations, sample);
            for (int i = 0; i < greyMix.Length; i++)
            {
                Assert.Equal(greyMix[i], rgbMix[3 * i]);
                Assert.Equal(greyMix[i], rgbMix[3 * i + 2]);
            }
        }
    }

    [Fact]
    public void EachViewOfASampleHasItsOwnMixtureAndRepeatsIt()
    {
        var image = TestImages.Random(32, 32, 3);
        Assert.Equal(Mix(image, new AugMixOptions(), 5, view: 1), Mix(image, new AugMixOptions(), 5, view: 1));
        Assert.NotEqual(Mix(image, new AugMixOptions(), 5, view: 1), Mix(image, new AugMixOptions(), 5, view: 2));
    }

    [Theory]
    [InlineData(0f, 0.2f, 0.3f)] // the chains have no say
    [InlineData(1f, 0f, 1f)] // only a chain without operations has
    public void DegenerateWeightsGiveTheCleanImageToTheBit(float mixing, float weight0, float weight1)
    {
        var image = TestImages.Random(13, 7, 3);
        var recipe = new AugMixRecipe(2, 1) { Mixing = mixing };
        recipe.Append(0, AugMixOperation.All.Single(o => o.Name == "solarize"), 0);
        recipe.Weights[0] = weight0;
        recipe.Weights[1] = weight1;
        float[] mixed = new float[image.Pixels.Length], clean = new float[image.Pixels.Length];
        AugMix.Mix(image, mixed, Normalization.ImageNet, recipe, new AugMixScratch(new AugMixOptions()));
        Normalization.ImageNet.Apply(image, clean);
        Assert.Equal(clean, mixed);
    }

    [Fact]
    public void MixtureStaysWithinTheNormalisedRange()
    {
        for (uint sample = 0; sample < 100; sample++)
        {
            // Normalised black is -1 and white 1; weights sum to 1 up to a few float roundings.
            Assert.All(Mix(TestImages.Random(9, 9, 1, sample), new AugMixOptions { Alpha = 0.01 }, sample), v => Assert.InRange(v, -1.00001f, 1.00001f));
        }
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(2, 1)]
    [InlineData(1, 9)]
    [InlineData(17, 5)]
    public void EveryOperationKeepsTheSizeOfOddImages(int width, int height)
    {
        foreach (var operation in AugMixOperation.All)
        {
            foreach (int channels in new[] { 1, 3 })
            {
                var scratch = new AugMixScratch(AllOperations);
                var random = new PhiloxStream(3, RandomPurpose.AugMix, 0, 0);
                for (int i = 0; i < 20; i++)
                {
                    scratch.Current.CopyFrom(TestImages.Random(width, height, channels));
                    operation.Apply(operation.Draw(10, width, height, random), scratch);
                    Assert.Equal((width, height, channels), (scratch.Current.Width, scratch.Current.Height, scratch.Current.Channels));
                }
            }
        }
    }

    [Theory]
    [InlineData("autocontrast")]
    [InlineData("equalize")]
    [InlineData("contrast")]
    [InlineData("sharpness")]
    public void FlatImageStaysAsItIs(string name)
    {
        var scratch = new AugMixScratch(AllOperations);
        scratch.Current.Reshape(40, 40, 3);
        scratch.Current.Pixels.Fill(93);
        AugMixOperation.All.Single(o => o.Name == name).Apply(1.5, scratch);
        Assert.All(scratch.Current.Pixels.ToArray(), v => Assert.Equal(93, v));
    }

    [Fact]
    public void SeverityOneDrawsTheDocumentedValues()
    {
        var random = new PhiloxStream(4, RandomPurpose.AugMix, 0, 0);
        (double Low, double High) Range(string name)
        {
            var values = Enumerable.Range(0, 500).Select(_ => AugMixOperation.All.Single(o => o.Name == name).Draw(1, 224, 224, random)).ToArray();
            return (values.Min(), values.Max());
        }

        Assert.Equal((4, 4), Range("posterize"));
        Assert.Equal((-2, 2), Range("rotate"));
        Assert.Equal((-7, 7), Range("translate_x"));
        Assert.Equal((231, 254), Range("solarize")); // 256 - int(25.6 l), l in 0.1..1
    }

    [Fact]
    public void MixingAllocatesNothing()
    {
        var image = TestImages.Random(28, 28, 1);
        var (augMix, scratch) = (new AugMix(AllOperations), new AugMixScratch(AllOperations));
        var random = new PhiloxStream(1, RandomPurpose.AugMix, 0, 0);
        var mixed = new float[image.Pixels.Length];
        var normalization = Normalization.FashionMnist;
        for (int i = 0; i < 50; i++)
            augMix.Mix(image, mixed, normalization, random, scratch);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 200; i++)
            augMix.Mix(image, mixed, normalization, random, scratch);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [Fact]
    public void WrongDestinationOrChannelsAreRefusedInOneLine()
    {
        var image = TestImages.Random(4, 4, 3);
        var (augMix, scratch) = (new AugMix(new AugMixOptions()), new AugMixScratch(new AugMixOptions()));
        var random = new PhiloxStream(1, RandomPurpose.AugMix, 0, 0);
        var wrongLength = Assert.Throws<RobustifyException>(() => augMix.Mix(image, new float[47], Normalization.ImageNet, random, scratch));
        var wrongChannels = Assert.Throws<RobustifyException>(() => augMix.Mix(image, new float[48], Normalization.FashionMnist, random, scratch));
        Assert.Contains("48 floats, the destination has 47", wrongLength.Message);
        Assert.Contains("3 channels", wrongChannels.Message);
    }

    [Theory]
    [InlineData(0, -1, 1, 3)]
    [InlineData(3, 0, 1, 3)]
    [InlineData(3, 1000000, 1, 3)]
    [InlineData(3, -1, double.NaN, 3)]
    [InlineData(3, -1, 0, 3)]
    [InlineData(3, -1, 1, double.PositiveInfinity)]
    [InlineData(3, -1, 1, 0)]
    public void OptionOutsideItsRangeIsRefused(int width, int depth, double alpha, double severity)
    {
        var options = new AugMixOptions { Width = width, Depth = depth, Alpha = alpha, Severity = severity };
        Assert.DoesNotContain('\n', Assert.Throws<RobustifyException>(() => new AugMix(options)).Message);
    }

    private static float[] Mix(Image8 image, AugMixOptions options, uint sample, uint view = 0)
    {
        var random = new PhiloxStream(1, RandomPurpose.AugMix, 0, sample);
        random.Reset(1, (uint)RandomPurpose.AugMix | (view << 16), 0, sample);
        var mixed = new float[image.Pixels.Length];
        new AugMix(options).Mix(image, mixed, Normalization.Half(image.Channels), random, new AugMixScratch(options));
        return mixed;
    }
}
