namespace Robustify.Native.Evaluation.Answers;

/// <summary>Answers in memory, for the few conditions that a training verb measures.</summary>
internal sealed class MemoryAnswerTable(int rows, int images) : AnswerTable(rows, images)
{
    private readonly Answer[] records = new Answer[checked(rows * images)];

    public override void Write(int row, int first, ReadOnlySpan<Answer> answers) =>
        answers.CopyTo(records.AsSpan((int)PlaceOf(row, first, answers.Length)));

    public override void Read(int row, int first, Span<Answer> answers) =>
        records.AsSpan((int)PlaceOf(row, first, answers.Length), answers.Length).CopyTo(answers);

    public override void Dispose()
    {
    }
}
