namespace Robustify.Native.Evaluation.Answers;

/// <summary>
/// One model's answers of one pass: a row a measured condition, a column an image. Every record has its place, so a batch that is
/// measured again overwrites itself. Disposing it leaves a file in place.
/// </summary>
internal abstract class AnswerTable(int rows, int images) : IDisposable
{
    /// <summary>Conditions.</summary>
    public int Rows { get; } = rows;

    /// <summary>Images a row.</summary>
    public int Images { get; } = images;

    /// <summary>Writes records of a row from column <paramref name="first"/> on.</summary>
    public abstract void Write(int row, int first, ReadOnlySpan<Answer> answers);

    /// <summary>Reads records of a row from column <paramref name="first"/> on.</summary>
    public abstract void Read(int row, int first, Span<Answer> answers);

    /// <summary>Whether none of <paramref name="count"/> records is missing.</summary>
    public bool IsComplete(int row, int first, int count)
    {
        Span<Answer> part = stackalloc Answer[64];
        for (int at = 0; at < count; at += part.Length)
        {
            var some = part[..Math.Min(part.Length, count - at)];
            Read(row, first + at, some);
            foreach (ref readonly var answer in some)
            {
                if (answer.State == AnswerState.Missing)
                    return false;
            }
        }

        return true;
    }

    /// <inheritdoc/>
    public abstract void Dispose();

    /// <summary>Place of a record, in records.</summary>
    protected long PlaceOf(int row, int first, int count)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)row, (uint)Rows, nameof(row));
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)first + (uint)count, (uint)Images, nameof(first));
        return (long)row * Images + first;
    }
}
