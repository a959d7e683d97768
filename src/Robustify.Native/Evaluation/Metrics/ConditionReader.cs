using System.Numerics;
using Robustify.Native.Evaluation.Answers;

namespace Robustify.Native.Evaluation.Metrics;

/// <summary>Reads one condition's answers and computes its figures; buffers serve all conditions.</summary>
internal sealed class ConditionReader
{
    private const int Part = 1024;
    private const int HeadCount = 3;
    private const int SelectorCount = 16;

    private readonly Answer[] answers = new Answer[Part];
    private readonly Answer[] pairs = new Answer[Part];
    private readonly RankedAnswers ranked = new();

    /// <summary>Computes the figures of a row.</summary>
    /// <param name="table">The model's answers.</param>
    /// <param name="row">The condition.</param>
    /// <param name="images">The first so many images of it were to be measured.</param>
    /// <param name="clean">The answers to the same images uncorrupted, in the same order; null where there are none.</param>
    public ConditionMetrics Read(AnswerTable table, int row, int images, (AnswerTable Table, int Row)? clean)
    {
        ranked.Clear();
        long answered = 0, correct = 0, fifth = 0, unmasked = 0, unreadable = 0, pairsSeen = 0, flips = 0;
        double loss = 0, brier = 0, confidence = 0;
        long[] heads = new long[HeadCount], selectors = new long[SelectorCount];
        for (int first = 0; first < images; first += Part)
        {
            var part = answers.AsSpan(0, Math.Min(Part, images - first));
            table.Read(row, first, part);
            if (clean is { } pair)
                pair.Table.Read(pair.Row, first, pairs.AsSpan(0, part.Length));
            for (int i = 0; i < part.Length; i++)
            {
                ref readonly var answer = ref part[i];
                unreadable += answer.State == AnswerState.Unreadable ? 1 : 0;
                if (answer.State != AnswerState.Answered)
                    continue;
                answered++;
                correct += answer.IsCorrect ? 1 : 0;
                fifth += answer.LabelRank < 5 ? 1 : 0;
                unmasked += answer.UnmaskedCorrect;
                loss += answer.NegativeLogLikelihood;
                brier += answer.Brier;
                confidence += answer.Confidence;
                ranked.Add(answer.Confidence, answer.IsCorrect);
                if (answer.Head < heads.Length)
                    heads[answer.Head]++;
                for (int bits = answer.Selectors; bits != 0; bits &= bits - 1)
                    selectors[BitOperations.TrailingZeroCount(bits)]++;
                if (clean is not null && pairs[i].State == AnswerState.Answered)
                {
                    pairsSeen++;
                    flips += pairs[i].Predicted != answer.Predicted ? 1 : 0;
                }
            }
        }

        ranked.Rank();
        double n = answered == 0 ? double.NaN : answered;
        return new()
        {
            Images = answered, Correct = correct, Top5 = fifth / n, UnmaskedTop1 = unmasked / n, NegativeLogLikelihood = loss / n,
            Brier = brier / n, Confidence = confidence / n, Calibration = CalibrationErrors.Of(ranked), Selective = SelectiveAnswering.Of(ranked),
            FlipRate = pairsSeen == 0 ? double.NaN : (double)flips / pairsSeen, Unreadable = unreadable,
            Heads = heads, Selectors = selectors,
        };
    }
}
