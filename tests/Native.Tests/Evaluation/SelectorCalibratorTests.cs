using Robustify.Kernels.Random;
using Robustify.Native.Evaluation;
using Robustify.Native.Method;
using Xunit;
using Answer = Robustify.Native.Evaluation.SelectorCalibrator.Answer;

namespace Robustify.Native.Tests.Evaluation;

public class SelectorCalibratorTests
{
    private const double Margin = 0.002;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void ChoiceKeepsTheMarginOnTheImagesItWasMadeOnEvenWithAStandardErrorBesideIt(ulong seed)
    {
        var (clean, corrupted) = Draw(seed, 2000);

        var chosen = SelectorCalibrator.Best(clean, corrupted, Margin, standardErrors: 1);

        int lost = clean.Count(a => a.OriginalCorrect && !a.IsCorrect(chosen)), gained = clean.Count(a => !a.OriginalCorrect && a.IsCorrect(chosen));
        double n = clean.Length, mean = (lost - gained) / n, error = Math.Sqrt(((lost + gained) / n - mean * mean) / n);
        Assert.True(mean + error <= Margin, $"lost {lost}, gained {gained} of {n}");
        Assert.True(corrupted.Count(a => a.IsCorrect(chosen)) > corrupted.Count(a => a.CleanCorrect), "the unclean head is never asked");
    }

    [Fact]
    public void ChoiceHoldsOnOtherImagesMoreOftenWithAStandardErrorThanWithout()
    {
        int broken = 0, brokenWithout = 0;
        for (ulong seed = 1; seed <= 20; seed++)
        {
            var (clean, corrupted) = Draw(seed, 1000);
            var (others, _) = Draw(seed + 1000, 20_000);
            broken += LossOn(others, SelectorCalibrator.Best(clean, corrupted, Margin, standardErrors: 1)) > Margin ? 1 : 0;
            brokenWithout += LossOn(others, SelectorCalibrator.Best(clean, corrupted, Margin, standardErrors: 0)) > Margin ? 1 : 0;
        }

        Assert.True(broken < brokenWithout, $"{broken} of 20 with, {brokenWithout} of 20 without");
    }

    [Fact]
    public void CleanHeadAnswersAloneWhereEveryOtherChoiceCostsTooMuch()
    {
        Answer[] clean = [.. Enumerable.Range(0, 100).Select(i => new Answer(i / 100.0, true, true, false, false))];
        Answer[] corrupted = [.. Enumerable.Range(0, 100).Select(i => new Answer(i / 100.0, true, false, true, true))];

        var chosen = SelectorCalibrator.Best(clean, corrupted, Margin, standardErrors: 1);

        Assert.All(clean, a => Assert.Equal(StudentHead.Clean, HeadSelector.Choose(a.ScoreDifference, chosen)));
    }

    private static double LossOn(Answer[] answers, SelectorCalibration calibration) =>
        (answers.Count(a => a.OriginalCorrect) - answers.Count(a => a.IsCorrect(calibration))) / (double)answers.Length;

    /// <summary>Clean and corrupted answers whose scores overlap, as a split student's: the clean head is the original.</summary>
    private static (Answer[] Clean, Answer[] Corrupted) Draw(ulong seed, int count)
    {
        var random = new PhiloxStream(seed, RandomPurpose.Split, 0, 0);
        return (Answers(0.90, 0.87, -0.5), Answers(0.70, 0.85, 0.3));

        Answer[] Answers(double cleanHead, double uncleanHead, double difference) => [.. Enumerable.Range(0, count).Select(_ =>
        {
            double score = difference + 1.5 * (random.NextUniform() - 0.5) + 0.5 * (random.NextUniform() - 0.5);
            bool clean = random.NextUniform() < cleanHead, unclean = random.NextUniform() < uncleanHead;
            return new Answer(score, clean, clean, unclean, unclean);
        })];
    }
}
