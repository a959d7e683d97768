using Robustify.Native.Evaluation.Answers;

namespace Robustify.Native.Evaluation.Metrics;

/// <summary>One number an image: the fraction of some conditions in which its answer is right; NaN where it was answered in none.</summary>
internal static class ImageScores
{
    private const int Part = 1024;

    /// <summary>Over the given rows, whose columns are the same images.</summary>
    public static float[] Of(IReadOnlyList<(AnswerTable Table, int Row)> rows, int images)
    {
        float[] means = new float[images];
        var answers = new Answer[Part];
        Span<int> seen = new int[Part];
        for (int first = 0; first < images; first += Part)
        {
            int count = Math.Min(Part, images - first);
            seen.Clear();
            foreach (var (table, row) in rows)
            {
                table.Read(row, first, answers.AsSpan(0, count));
                for (int i = 0; i < count; i++)
                {
                    bool answered = answers[i].State == AnswerState.Answered;
                    seen[i] += answered ? 1 : 0;
                    means[first + i] += answered && answers[i].IsCorrect ? 1 : 0;
                }
            }

            for (int i = 0; i < count; i++)
                means[first + i] /= seen[i]; // 0 / 0 is NaN: no value
        }

        return means;
    }
}
