using Robustify.Native.Method;

namespace Robustify.Native.Tests.Method;

/// <summary>The rule that chooses a head, and the other selectors it is compared with, on distributions whose figures are known.</summary>
public sealed class HeadSelectorTests
{
    // Of numbers in float with three digits: 1e-6 is some roundings.
    private const double Tolerance = 1e-6;

    [Fact]
    public void UncertaintyIsEntropyOverItsMaximum()
    {
        Assert.Equal(1, HeadSelector.Uncertainty([0.25f, 0.25f, 0.25f, 0.25f]), Tolerance);
        Assert.Equal(0, HeadSelector.Uncertainty([0, 1, 0, 0]));
        Assert.Equal(-(0.9 * Math.Log(0.9) + 0.1 * Math.Log(0.1)) / Math.Log(2), HeadSelector.Uncertainty([0.9f, 0.1f]), Tolerance);
    }

    [Fact]
    public void DivergenceIsThatOfTheSecondFromTheFirstAndFiniteWhereTheSecondIsZero()
    {
        Assert.Equal(0.5 * Math.Log(0.5 / 0.2) + 0.5 * Math.Log(0.5 / 0.8), HeadSelector.Divergence([0.5f, 0.5f], [0.2f, 0.8f]), Tolerance);
        Assert.Equal(0, HeadSelector.Divergence([0.3f, 0.7f], [0.3f, 0.7f]), Tolerance);
        Assert.True(double.IsFinite(HeadSelector.Divergence([0.5f, 0.5f], [1, 0])));
    }

    [Fact]
    public void TheScoreIsUncertaintyPlusDivergenceFromTheCombinedHead()
    {
        float[] clean = [0.7f, 0.3f], unclean = [0.4f, 0.6f], combined = [0.5f, 0.5f];
        double expected = HeadSelector.Uncertainty(clean) + HeadSelector.Divergence(combined, clean)
            - HeadSelector.Uncertainty(unclean) - HeadSelector.Divergence(combined, unclean);
        Assert.Equal(expected, HeadSelector.ScoreDifference(clean, unclean, combined), Tolerance);
    }

    [Theory]
    [InlineData(-0.3, 0.1, 0, StudentHead.Clean)]
    [InlineData(0.3, 0.1, 0, StudentHead.Unclean)]
    [InlineData(0.05, 0.1, 0, StudentHead.Combined)]
    [InlineData(-0.05, 0.1, 0, StudentHead.Combined)]
    [InlineData(0.1, 0.1, 0, StudentHead.Unclean)]
    [InlineData(0.3, 0.1, 0.25, StudentHead.Combined)]
    [InlineData(0.3, 0.1, 0.5, StudentHead.Clean)]
    [InlineData(0, 0, 0, StudentHead.Clean)]
    public void TheCombinedHeadAnswersInsideTheBandAroundTheBias(double difference, double delta, double bias, StudentHead expected) =>
        Assert.Equal(expected, HeadSelector.Choose(difference, new SelectorCalibration(delta, bias)));

    // Class 0 by the clean head (sure), class 1 by the unclean one (sure), class 2 by the combined one (unsure, nearer to the unclean).
    [Theory]
    [InlineData(SelectorKind.Clean, 0)]
    [InlineData(SelectorKind.Unclean, 1)]
    [InlineData(SelectorKind.Combined, 2)]
    [InlineData(SelectorKind.Entropy, 0)]
    [InlineData(SelectorKind.Kl, 1)]
    [InlineData(SelectorKind.Mean, 1)]
    [InlineData(SelectorKind.Calibrated, 1)]
    public void EachSelectorTakesItsOwnAnswer(SelectorKind selector, int expected)
    {
        float[] clean = [0.98f, 0.01f, 0.01f], unclean = [0.02f, 0.93f, 0.05f], combined = [0.1f, 0.4f, 0.5f];
        for (int label = 0; label < 3; label++)
            Assert.Equal(label == expected, HeadSelector.IsCorrect(selector, clean, unclean, combined, SelectorCalibration.None, label));
    }

    [Fact]
    public void TheOracleIsRightWhereAnyHeadIs()
    {
        float[] clean = [0.9f, 0.1f, 0, 0], unclean = [0.1f, 0.9f, 0, 0], combined = [0, 0.1f, 0.9f, 0];
        Assert.Equal(
            [true, true, true, false],
            Enumerable.Range(0, 4).Select(label => HeadSelector.IsCorrect(SelectorKind.Oracle, clean, unclean, combined, SelectorCalibration.None, label)));
    }

    [Fact]
    public void CalibrationIsStoredToTheLastBit()
    {
        var calibration = new SelectorCalibration(0.1 + 0.2, -1.0 / 3);
        var metadata = new Dictionary<string, string>();
        calibration.Write(metadata);
        Assert.Equal(calibration, SelectorCalibration.Read(metadata));
        Assert.Equal(SelectorCalibration.None, SelectorCalibration.Read(new Dictionary<string, string>()));
    }
}
