using Robustify.Native.Evaluation;
using Robustify.Native.Evaluation.Metrics;
using Robustify.Native.Evaluation.Reference;

namespace Robustify.Native.Tests.Evaluation;

public sealed class SanityCheckTests
{
    [Theory]
    [InlineData("resnet50.tv_in1k", "clean", 76.2)]
    [InlineData("ResNet50-tv_in1k", "imagenet-r", 36.2)]
    [InlineData("resnet50", "mce", 76.7)]
    [InlineData("vit_base_patch16_224.augreg_in21k_ft_in1k", "imagenet-a", 43.1)]
    public void PublishedFiguresAreFoundByName(string name, string measure, double percent) =>
        Assert.Equal(percent, PublishedFigures.Find(["other", name], measure)!.Percent, 0.1);

    [Theory]
    [InlineData("resnet50.tv_in1k", 38_000, 0)] // 76.0 %
    [InlineData("resnet50.tv_in1k", 33_000, 1)] // 66.0 %: the wrong normalisation does that
    [InlineData("my_model", 33_000, 0)]
    public void KnownModelFarFromItsFigureIsWarnedOf(string name, int correct, int warnings)
    {
        var ranked = new RankedAnswers();
        var result = new ModelResult("m");
        result.Metrics.Add(Condition.Clean, new ConditionMetrics
        {
            Images = 50_000, Correct = correct, Top5 = 0, UnmaskedTop1 = 0, NegativeLogLikelihood = 0, Brier = 0, Confidence = 0,
            Calibration = CalibrationErrors.Of(ranked), Selective = SelectiveAnswering.Of(ranked), Heads = [], Selectors = [],
        });
        Assert.Equal(warnings, SanityCheck.Warnings(result, ["m", name], isReleasedSet: true).Count());
    }

    [Theory]
    [InlineData(true, 1)]
    [InlineData(false, 0)] // made in memory, where the images were never JPEG
    public void MeanCorruptionErrorIsHeldAgainstThePublishedOneOnThePublishedFiles(bool isReleasedSet, int warnings)
    {
        // AlexNet's own errors, an mCE of 100, under the name of a model that has 76.7.
        var result = new ModelResult("m")
        {
            Corruption = new CorruptionSummary
            {
                Top1 = new(0.21, 0.2, 0.22), Top5 = 0, MainTop1 = new(0.21, 0.2, 0.22), ValidationTop1 = 0, Groups = [], Severities = [], Worst = ("fog", 0), Drop = 0,
                Retention = 0, FlipRate = 0, NegativeLogLikelihood = 0, Brier = 0, Expected = 0, RootMeanSquare = 0, Aurra = 0, Bins = [],
                Errors = CorruptionErrors.Of(AlexNetErrors.Corrupted, AlexNetErrors.Clean),
            },
        };
        Assert.Equal(warnings, SanityCheck.Warnings(result, ["resnet50"], isReleasedSet).Count());
    }
}
