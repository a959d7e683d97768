using Robustify.Native.Evaluation.Metrics;

namespace Robustify.Native.Tests.Evaluation.Metrics;

public sealed class IntervalTests
{
    // Values of the beta quantiles to six digits, as R's binom.test prints them.
    [Theory]
    [InlineData(0, 10, 0, 0.308498)]
    [InlineData(10, 10, 0.691503, 1)]
    [InlineData(5, 10, 0.187086, 0.812914)]
    [InlineData(8, 10, 0.443905, 0.974789)]
    public void ExactIntervalOfAFractionIsClopperPearsons(long correct, long images, double low, double high)
    {
        var interval = BinomialInterval.Of(correct, images);
        Assert.Equal(low, interval.Low, 1e-6);
        Assert.Equal(high, interval.High, 1e-6);
    }

    [Theory]
    [InlineData(50_000, 0.0044)]
    [InlineData(7_500, 0.0114)]
    [InlineData(5_000, 0.0140)]
    public void IntervalsOfWholeSetsAreAsWideAsTheNormalOnes(long images, double halfWidth)
    {
        // 1.96 sqrt(p(1-p)/n) at one half; the exact interval is wider by at most 1/n a side.
        var (low, high) = BinomialInterval.Of(images / 2, images);
        Assert.Equal(halfWidth, (high - low) / 2, 2.0 / images + 5e-5);
    }

    [Fact]
    public void MeanOverConditionsCountsImagesNotAnswers()
    {
        // Half the images always right, half always wrong: n - 1 under the root as for any sample.
        var interval = MeanInterval.Of([.. Enumerable.Range(0, 100).Select(i => i < 50 ? 0f : 1f)]);
        Assert.Equal(0.5, interval.Mean, 1e-12);
        Assert.Equal(1.959964 * 0.5 / Math.Sqrt(99), (interval.High - interval.Low) / 2, 1e-6);
    }

    [Fact]
    public void PairedBootstrapIsTighterThanTwoIntervals()
    {
        // Two models that differ on 20 of 400 images, all for the second: the difference is 0.05 +- 1.96 sqrt(0.05*0.95/400).
        float[] first = [.. Enumerable.Range(0, 400).Select(i => i % 2 == 0 ? 1f : 0f)], second = [.. first];
        for (int i = 0; i < 20; i++)
            second[20 * i + 1] = 1;
        var compared = PairedBootstrap.Of(first, second, seed: 3);
        Assert.Equal(0.05, compared.Difference, 1e-6);

        // A quantile of 1000 resamples is off by about a twentieth of the standard error of 0.011.
        Assert.Equal(0.05 - 0.0214, compared.Low, 0.004);
        Assert.Equal(0.05 + 0.0214, compared.High, 0.004);
        Assert.Equal(compared, PairedBootstrap.Of(first, second, seed: 3));
    }

    [Fact]
    public void ImagesThatOneModelCouldNotAnswerAreLeftOut()
    {
        var compared = PairedBootstrap.Of([1, float.NaN, 0], [1, 1, 1], seed: 0);
        Assert.Equal(2, compared.Images);
        Assert.Equal(0.5, compared.Difference, 1e-6);
    }

    [Fact]
    public void StandardModelHasNoEffectiveRobustness()
    {
        // torchvision's ResNet-50 lies near the line of ImageNet-V2: 76.13 % on the validation set, 63.2 % there.
        Assert.Equal(0, EffectiveRobustness.OfSuite("imagenet-v2")!.Value.Of(0.7613, 0.632), 0.01);
        Assert.Equal(double.NaN, EffectiveRobustness.OfSuite("imagenet-a")!.Value.Of(1, 0.5));
        Assert.Null(EffectiveRobustness.OfSuite("corruption"));
    }
}
