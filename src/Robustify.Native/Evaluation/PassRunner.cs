using Robustify.Kernels;
using Robustify.Native.Data.Sources;
using Robustify.Native.Evaluation.Answers;
using Robustify.Native.Runs;

namespace Robustify.Native.Evaluation;

/// <summary>Fills the answer tables of one pass; conditions of a batch that are there already are not measured again.</summary>
internal sealed class PassRunner : IDisposable
{
    private readonly BenchmarkPass pass;
    private readonly IReadOnlyList<IPredictor> predictors;
    private readonly IReadOnlyList<AnswerTable> tables;
    private readonly RunContext context;
    private readonly ImageBatch batch;
    private readonly int size;
    private readonly Answer[] answers;
    private readonly float[] buffer;
    private readonly ConditionCycle?[] corruptions;

    public PassRunner(BenchmarkPass pass, IReadOnlyList<IPredictor> predictors, IReadOnlyList<AnswerTable> tables, RunContext context)
    {
        (this.pass, this.predictors, this.tables, this.context) = (pass, predictors, tables, context);
        size = predictors[0].BatchSize;
        answers = new Answer[size];
        batch = new ImageBatch(predictors[0].Model, size, context, pass.Geometry);
        corruptions = [.. pass.Rows.Select(r => pass.CorruptionOf(r) is { } made ? new ConditionCycle([(made, r.Condition.Severity)], 0) : (ConditionCycle?)null)];
        buffer = new float[predictors[0].Model.Classes];
    }

    /// <summary>Works through the images; <paramref name="advance"/> is told of every batch of images shown, or found answered.</summary>
    public void Run(Action<int> advance)
    {
        // Rows of one condition follow each other; where the runs begin is found once, so that a batch allocates nothing.
        using var ahead = ReadAhead.Of(pass.Source);
        int[] starts = [.. Enumerable.Range(0, pass.Rows.Count).Where(r => r == 0 || pass.Rows[r].Condition != pass.Rows[r - 1].Condition), pass.Rows.Count];
        for (int first = 0; first < pass.Indices.Length; first += size)
        {
            bool isRead = false;
            for (int s = 0; s + 1 < starts.Length; s++)
            {
                context.Cancellation.ThrowIfCancellationRequested();
                int images = 0;
                for (int row = starts[s]; row < starts[s + 1]; row++)
                    images = Math.Max(images, pass.Rows[row].Images);
                int count = Math.Min(size, images - first);
                if (count <= 0)
                    continue;
                if (!IsComplete(starts[s], starts[s + 1], first))
                {
                    if (!isRead)
                    {
                        batch.Read(pass.Source, BatchAt(first), !pass.IsStrict);
                        ahead?.Begin(BatchAt(first + size));
                    }

                    isRead = true;
                    batch.Limit(count);
                    Show(starts[s], starts[s + 1], first);
                }

                advance(count);
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose() => batch.Dispose();

    private ReadOnlySpan<int> BatchAt(int first) =>
        first >= pass.Indices.Length ? [] : pass.Indices.AsSpan(first, Math.Min(size, pass.Indices.Length - first));

    private bool IsComplete(int firstRow, int endRow, int first)
    {
        for (int m = 0; m < tables.Count; m++)
        {
            for (int row = firstRow; row < endRow; row++)
            {
                if (!tables[m].IsComplete(row, first, Math.Min(size, pass.Rows[row].Images - first)))
                    return false;
            }
        }

        return true;
    }

    private void Show(int firstRow, int endRow, int first)
    {
        if (corruptions[firstRow] is { } corruption)
            batch.Corrupt(corruption, pass.Seed);
        else
            batch.ShowClean();
        for (int m = 0; m < predictors.Count; m++)
        {
            var predictor = predictors[m];
            batch.Normalize(predictor.Normalization, predictor);
            predictor.Predict(context.Backend, batch.SampleIds);
            for (int row = firstRow; row < endRow; row++)
            {
                int count = Math.Min(batch.Count, pass.Rows[row].Images - first);
                if (count <= 0)
                    continue;
                for (int i = 0; i < count; i++)
                    answers[i] = Score(predictor, pass.Rows[row], i);
                tables[m].Write(row, first, answers.AsSpan(0, count));
            }
        }
    }

    private Answer Score(IPredictor predictor, PassRow row, int index)
    {
        int label = row.Space.Label(pass.Source.Label((int)batch.SampleIds[index]));
        if (label < 0)
            return new Answer { State = AnswerState.Excluded };
        if (batch.IsUnreadable(index))
            return new Answer { State = AnswerState.Unreadable };
        int classes = predictor.Model.Classes;
        var answer = AnswerScoring.Score(predictor.Probabilities.Slice(index * classes, classes), row.Space, label, buffer);

        // Heads choose among the model's own classes: under a mask their record would be of another question.
        if (predictor is IHeadedPredictor headed && !row.Space.IsMasked)
        {
            if (headed.ChosenHeads[index] is >= 0 and var head)
                answer.Head = (byte)head;
            for (int s = 0; s < headed.Selectors.Count; s++)
                answer.Selectors |= (ushort)(headed.IsCorrect(s, index, label) ? 1 << s : 0);
        }

        return answer;
    }
}
