namespace Robustify.Native.Evaluation.Answers;

/// <summary>The images of a row that could not be read.</summary>
internal static class UnreadableColumns
{
    private const int Part = 1024;

    /// <summary>Their columns, ascending.</summary>
    public static IEnumerable<int> Of(AnswerTable table, int row, int images)
    {
        var answers = new Answer[Part];
        for (int first = 0; first < images; first += Part)
        {
            int count = Math.Min(Part, images - first);
            table.Read(row, first, answers.AsSpan(0, count));
            for (int i = 0; i < count; i++)
            {
                if (answers[i].State == AnswerState.Unreadable)
                    yield return first + i;
            }
        }
    }
}
