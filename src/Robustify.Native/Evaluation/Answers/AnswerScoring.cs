using System.Numerics.Tensors;
using Robustify.Native.Evaluation.Suites;

namespace Robustify.Native.Evaluation.Answers;

/// <summary>Turns a distribution and a label into an <see cref="Answer"/>.</summary>
internal static class AnswerScoring
{
    // The least normal float: what a probability that came out as 0 counts as.
    private const float LeastProbability = 1.17549435e-38f;

    /// <summary>Scores one image.</summary>
    /// <param name="probabilities">Over the model's classes.</param>
    /// <param name="space">What the suite lets it choose among.</param>
    /// <param name="label">The label in that space.</param>
    /// <param name="buffer">Room for the space's classes.</param>
    public static Answer Score(ReadOnlySpan<float> probabilities, ClassSpace space, int label, Span<float> buffer)
    {
        var own = space.Project(probabilities, buffer);
        int predicted = TensorPrimitives.IndexOfMax(own);
        float ofLabel = own[label];
        int rank = 0;
        for (int c = 0; c < own.Length && rank < byte.MaxValue; c++)
            rank += own[c] > ofLabel || (own[c] == ofLabel && c < label) ? 1 : 0;
        return new Answer
        {
            Confidence = own[predicted],
            NegativeLogLikelihood = -MathF.Log(Math.Max(ofLabel, LeastProbability)),
            Brier = Math.Max(0, TensorPrimitives.SumOfSquares(own) - 2 * ofLabel + 1),
            Predicted = (ushort)predicted, LabelRank = (byte)rank, Head = Answer.NoHead,
            UnmaskedCorrect = (byte)(space.IsMasked
                ? space.Means(TensorPrimitives.IndexOfMax(probabilities), label) ? 1 : 0
                : rank == 0 ? 1 : 0),
            State = AnswerState.Answered,
        };
    }
}
