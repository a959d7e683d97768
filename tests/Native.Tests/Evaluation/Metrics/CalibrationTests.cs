using Robustify.Native.Evaluation.Metrics;

namespace Robustify.Native.Tests.Evaluation.Metrics;

/// <summary>Calibration and selective answering on cases small enough to work out by hand.</summary>
public sealed class CalibrationTests
{
    [Fact]
    public void ExpectedErrorWeighsTheGapsOfEqualBins()
    {
        // Bin (9/15, 10/15]: two of confidence 0.65, one right. Bin (14/15, 1]: two of 1.0, both right.
        var errors = CalibrationErrors.Of(Ranked((0.65f, true), (1f, true), (0.65f, false), (1f, true)));
        Assert.Equal(0.5 * 0.15, errors.Expected, 1e-7);
        Assert.Equal(2, errors.Bins[9].Images);
        Assert.Equal(2, errors.Bins[14].Images);
    }

    [Fact]
    public void BinEndsBelongToTheBinBelow()
    {
        // 0.2 is 3/15 as near as a float comes; the next float above it is in the next bin.
        var bins = CalibrationErrors.Of(Ranked((0.2f, true), (MathF.BitIncrement(0.2f), true), (0f, true))).Bins;
        Assert.Equal(1, bins[0].Images);
        Assert.Equal(2, bins[2].Images + bins[3].Images);
    }

    [Fact]
    public void PublishedRootMeanSquareLeavesTheMostConfidentBinOut()
    {
        // 200 unsure and right half the time (gap 0), then 100 sure and always wrong (gap 1).
        var answers = Enumerable.Range(0, 200).Select(i => (0.5f, i % 2 == 0)).Concat(Enumerable.Repeat((1f, false), 100)).ToArray();
        var errors = CalibrationErrors.Of(Ranked(answers));
        Assert.Equal(Math.Sqrt(1.0 / 3), errors.RootMeanSquare, 1e-9);
        Assert.Equal(0, errors.RootMeanSquareAsPublished, 1e-9);
    }

    [Fact]
    public void LastRootMeanSquareBinTakesTheRest()
    {
        // 150 images are one bin of 150: right half the time at confidence 1.
        var errors = CalibrationErrors.Of(Ranked([.. Enumerable.Range(0, 150).Select(i => (1f, i % 2 == 0))]));
        Assert.Equal(0.5, errors.RootMeanSquare, 1e-9);
        Assert.Equal(double.NaN, errors.RootMeanSquareAsPublished);
    }

    [Fact]
    public void AreaUnderResponseRateAccuracyIsTheMeanOfPrefixAccuracies()
    {
        // By falling confidence: right, wrong, right, wrong -> 1, 1/2, 2/3, 1/2.
        var selective = SelectiveAnswering.Of(Ranked((0.1f, false), (0.9f, true), (0.5f, true), (0.7f, false)));
        Assert.Equal((1 + 1.0 / 2 + 2.0 / 3 + 1.0 / 2) / 4, selective.Aurra, 1e-12);
        Assert.Equal([0.5, 0.5, 0.5], selective.Accuracies);
    }

    [Fact]
    public void NothingAnsweredHasNoFigure()
    {
        Assert.Equal(double.NaN, CalibrationErrors.Of(Ranked()).Expected);
        Assert.Equal(double.NaN, CalibrationErrors.Of(Ranked()).Adaptive);
        Assert.Equal(double.NaN, SelectiveAnswering.Of(Ranked()).Aurra);
    }

    private static RankedAnswers Ranked(params ReadOnlySpan<(float Confidence, bool Correct)> answers)
    {
        var ranked = new RankedAnswers();
        foreach (var (confidence, correct) in answers)
            ranked.Add(confidence, correct);
        ranked.Rank();
        return ranked;
    }
}
