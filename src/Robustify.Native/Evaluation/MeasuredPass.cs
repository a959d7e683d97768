using Robustify.Native.Evaluation.Answers;

namespace Robustify.Native.Evaluation;

/// <summary>A pass with the answers to it, a table a model.</summary>
/// <param name="Pass">What is measured.</param>
/// <param name="Tables">In the order of the models; owned.</param>
internal sealed record MeasuredPass(BenchmarkPass Pass, IReadOnlyList<AnswerTable> Tables) : IDisposable
{
    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var table in Tables)
            table.Dispose();
    }
}
