using Robustify.Native.Evaluation.Answers;
using Robustify.Native.Evaluation.Suites;

namespace Robustify.Native.Tests.Evaluation.Answers;

public sealed class AnswerScoringTests
{
    private readonly float[] buffer = new float[8];

    [Fact]
    public void RankCountsTheClassesBeforeTheLabelTiesToTheLowerOne()
    {
        float[] p = [0.1f, 0.3f, 0.3f, 0.2f, 0.1f];
        Assert.Equal([3, 0, 1, 2, 4], Enumerable.Range(0, 5).Select(label => (int)AnswerScoring.Score(p, ClassSpace.All, label, buffer).LabelRank));
        Assert.Equal(1, AnswerScoring.Score(p, ClassSpace.All, 4, buffer).Predicted);
    }

    [Fact]
    public void BrierAndLikelihoodAreThoseOfTheLabel()
    {
        var answer = AnswerScoring.Score([0.7f, 0.2f, 0.1f], ClassSpace.All, 1, buffer);
        Assert.Equal(0.49 + 0.64 + 0.01, answer.Brier, 1e-6);
        Assert.Equal(-Math.Log(0.2), answer.NegativeLogLikelihood, 1e-6);
        Assert.Equal(0.7f, answer.Confidence);
        Assert.InRange(AnswerScoring.Score([1f, 0f], ClassSpace.All, 1, buffer).NegativeLogLikelihood, 87, 88);
    }

    [Fact]
    public void MaskRenormalisesAndTheUnmaskedAnswerIsKept()
    {
        var space = ClassSpace.Columns("two of four", [1, 3]);
        var answer = AnswerScoring.Score([0.5f, 0.1f, 0.2f, 0.2f], space, space.Label(3), buffer);
        Assert.Equal(1, answer.Predicted);
        Assert.True(answer.IsCorrect);
        Assert.Equal(2f / 3, answer.Confidence, 1e-6f);
        Assert.Equal(0, answer.UnmaskedCorrect);
        Assert.Equal(-1, space.Label(0));
        Assert.Equal(1, AnswerScoring.Score([0.1f, 0.5f, 0.2f, 0.2f], space, space.Label(1), buffer).UnmaskedCorrect);
    }

    [Fact]
    public void GroupIsAsGoodAsItsBestClass()
    {
        var space = ClassSpace.Groups("two groups", [[0, 2], [3]]);
        var answer = AnswerScoring.Score([0.1f, 0.4f, 0.3f, 0.2f], space, 0, buffer);
        Assert.True(answer.IsCorrect);
        Assert.Equal(0.6f, answer.Confidence, 1e-6f);
        Assert.Equal(0, answer.UnmaskedCorrect); // class 1 wins unmasked, and belongs to no group
        Assert.Equal(1, AnswerScoring.Score([0.1f, 0f, 0.7f, 0.2f], space, 0, buffer).UnmaskedCorrect);
    }

    [Fact]
    public void MaskWithoutAnyProbabilityHasNoPreference()
    {
        var answer = AnswerScoring.Score([1f, 0f, 0f], ClassSpace.Columns("last two", [1, 2]), 1, buffer);
        Assert.Equal(0.5f, answer.Confidence);
        Assert.False(answer.IsCorrect);
    }
}
