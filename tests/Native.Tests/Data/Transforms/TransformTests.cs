using Robustify.Kernels;
using Robustify.Kernels.Random;
using Robustify.Native.Data.Images;
using Robustify.Native.Data.Transforms;
using Robustify.Native.Tests.Augment;

namespace Robustify.Native.Tests.Data.Transforms;

public sealed class TransformTests
{
    [Theory]
    [InlineData(1, 5, 5)] // only a tail
    [InlineData(3, 31, 17)] // vectors and a tail
    public void NormalizationSubtractsMeanAndDividesByDeviation(int channels, int width, int height)
    {
        var image = TestImages.Random(width, height, channels);
        var normalization = channels == 1 ? Normalization.FashionMnist : Normalization.ImageNet;
        var result = new float[image.Pixels.Length];
        normalization.Apply(image, result);
        for (int i = 0; i < result.Length; i++)
        {
            double expected = (image.Pixels[i] / 255.0 - normalization.Mean[i % channels]) / normalization.Std[i % channels];
            Assert.Equal(expected, result[i], 1e-6); // values below 3 after three float roundings
        }
    }

    [Fact]
    public void NormalizationRefusesZeroDeviation() =>
        Assert.Contains("deviation 0", Assert.Throws<RobustifyException>(() => new Normalization([0.5], [0])).Message);

    [Fact]
    public void ImageOfTheModelsSizeIsReturnedAsItIs()
    {
        var image = TestImages.Random(32, 32, 3);
        Assert.Same(image, new EvaluationTransform(32, 36, null).Apply(image));
    }

    [Theory]
    [InlineData(60, 40, 30, 20)] // longer side int(20 * 60 / 40)
    [InlineData(40, 61, 20, 30)]
    public void EvaluationResizesTheShorterSideAndCropsTheMiddle(int width, int height, int resizedWidth, int resizedHeight)
    {
        var resizer = new NearestResizer();
        var result = new EvaluationTransform(16, 20, resizer).Apply(TestImages.Random(width, height, 1));
        Assert.Equal((resizedWidth, resizedHeight), (resizer.Last.Width, resizer.Last.Height));
        int left = (resizedWidth - 16) / 2, top = (resizedHeight - 16) / 2;
        Assert.Equal((16, 16), (result.Width, result.Height));
        for (int y = 0; y < 16; y++)
            Assert.Equal(resizer.Last.Pixels.Slice((y + top) * resizedWidth + left, 16).ToArray(), result.Pixels.Slice(y * 16, 16).ToArray());
    }

    [Fact]
    public void ImageOfAnotherSizeWithoutResizerIsRefusedInOneLine()
    {
        var refused = Assert.Throws<RobustifyException>(() => new EvaluationTransform(32, 32, null).Apply(TestImages.Random(40, 30, 1)));
        Assert.Contains("40x30", refused.Message);
        Assert.DoesNotContain('\n', refused.Message);
    }

    [Fact]
    public void PaddedCropShowsEveryOffsetAndBlackOutside()
    {
        var image = new Image8(8, 8, 1);
        for (int i = 0; i < 64; i++)
            image.Pixels[i] = (byte)(i + 1);
        var augmentation = new StandardAugmentation(new StandardAugmentationOptions { Padding = 2 }, 8, 8, null);
        var seen = new HashSet<(int, int)>();
        for (uint sample = 0; sample < 400; sample++)
        {
            var result = augmentation.Apply(image, new PhiloxStream(1, RandomPurpose.StandardAugmentation, 0, sample));
            int centre = result.Pixels[4 * 8 + 4] - 1, left = centre % 8 - 4, top = centre / 8 - 4;
            seen.Add((left, top));
            for (int y = 0; y < 8; y++)
            {
                for (int x = 0; x < 8; x++)
                {
                    bool inside = x + left is >= 0 and < 8 && y + top is >= 0 and < 8;
                    Assert.Equal(inside ? (y + top) * 8 + x + left + 1 : 0, result.Pixels[y * 8 + x]);
                }
            }
        }

        Assert.Equal(25, seen.Count); // offsets -2..2 each way; 400 draws miss one with probability 25 * 0.96^400 < 1e-5
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void FlipMirrorsHalfOfTheImagesAndKeepsColours(int channels)
    {
        var image = TestImages.Random(5, 3, channels);
        var augmentation = new StandardAugmentation(new StandardAugmentationOptions { FlipProbability = 0.5 }, 5, 5, new NearestResizer());
        image = augmentation.Apply(image, new ConstantStream(0.9)); // at the model's size, not flipped
        var source = new Image8(1, 1, 1);
        source.CopyFrom(image);
        int flipped = 0;
        for (uint sample = 0; sample < 1000; sample++)
        {
            var result = augmentation.Apply(source, new PhiloxStream(1, RandomPurpose.StandardAugmentation, 0, sample));
            bool same = result.Pixels.SequenceEqual(source.Pixels);
            flipped += same ? 0 : 1;
            for (int i = 0; i < 25 * channels; i++)
            {
                int pixel = i / channels, mirror = pixel / 5 * 5 + 4 - pixel % 5;
                Assert.Equal(source.Pixels[(same ? pixel : mirror) * channels + i % channels], result.Pixels[i]);
            }
        }

        Assert.InRange(flipped, 500 - 64, 500 + 64); // four standard deviations of a fair coin
    }

    [Fact]
    public void ResizedCropKeepsWithinTheImageAndItsRanges()
    {
        var crop = new ResizedCrop();
        double areas = 0;
        const int draws = 4000;
        for (uint sample = 0; sample < draws; sample++)
        {
            var box = crop.Draw(500, 400, new PhiloxStream(1, RandomPurpose.StandardAugmentation, 0, sample));
            Assert.True(box.Left >= 0 && box.Top >= 0 && box.Left + box.Width <= 500 && box.Top + box.Height <= 400);
            Assert.InRange((double)box.Width / box.Height, 0.74, 1.35); // 3/4..4/3, sides rounded to pixels
            Assert.InRange(box.Width * (double)box.Height / 200000, 0.079, 1.0);
            areas += box.Width * (double)box.Height / 200000 / draws;
        }

        // Area is uniform on 0.08..1 but the largest windows often do not fit and are drawn again, so the mean lies below 0.54.
        Assert.InRange(areas, 0.45, 0.54);
    }

    [Theory]
    [InlineData(1000, 10, 13, 10)] // wider than 4:3: int(round(10 * 4 / 3))
    [InlineData(10, 1000, 10, 13)]
    [InlineData(10, 10, 10, 10)]
    [InlineData(1, 1, 1, 1)]
    public void ResizedCropThatNeverFitsFallsBackToTheMiddle(int width, int height, int boxWidth, int boxHeight)
    {
        // Uniform draws of 1 - 1e-16 ask for the whole area at ratio 4:3, which fits none of these but the 1x1 image.
        var box = new ResizedCrop().Draw(width, height, new ConstantStream(1 - 1e-16));
        Assert.Equal(new CropBox((width - boxWidth) / 2, (height - boxHeight) / 2, boxWidth, boxHeight), box);
    }

    [Fact]
    public void LumaFollowsItu601()
    {
        var rgb = new Image8(3, 1, 3);
        new byte[] { 255, 0, 0, 0, 255, 0, 0, 0, 255 }.CopyTo(rgb.Pixels);
        Assert.Equal([76, 150, 29], ChannelConversion.Convert(rgb, 1, new Image8(1, 1, 1)).Pixels.ToArray());
    }

    private sealed class NearestResizer : IImageResizer
    {
        public Image8 Last { get; } = new(1, 1, 1);

        public void Resize(Image8 source, int width, int height, Image8 destination)
        {
            destination.Reshape(width, height, source.Channels);
            for (int i = 0; i < destination.Pixels.Length; i++)
            {
                int pixel = i / source.Channels, x = pixel % width * source.Width / width, y = pixel / width * source.Height / height;
                destination.Pixels[i] = source.Pixels[(y * source.Width + x) * source.Channels + i % source.Channels];
            }

            Last.CopyFrom(destination);
        }
    }

    private sealed class ConstantStream(double uniform) : IRandomStream
    {
        public double NextUniform() => uniform;

        public double NextNormal() => 0;

        public int NextInteger(int low, int high) => low + (int)(uniform * (high - low));
    }
}
