using System.Numerics.Tensors;
using Robustify.Kernels.Backends;
using Robustify.Native.Graph;

namespace Robustify.Native.Training;

/// <summary>Counts the labelled rows of a step's last loss whose largest logit is the label's.</summary>
internal sealed class AnswerCount
{
    private readonly LossHead loss;
    private readonly (int First, int Count)[] ranges;
    private readonly float[] onHost;

    /// <param name="step">Its logits are kept after a step.</param>
    /// <param name="isHostMemory">Whether they can be read where they lie.</param>
    public AnswerCount(ITrainingStep step, bool isHostMemory)
    {
        loss = step.Losses[^1];
        ranges = [.. loss.LabeledRows];
        Rows = ranges.Sum(range => range.Count);
        onHost = isHostMemory ? [] : new float[loss.Logits.Shape.Count];
    }

    /// <summary>Rows that have a label.</summary>
    public int Rows { get; }

    /// <summary>Of these, how many were right in the last step; waits for it.</summary>
    public int Correct(IBackend backend, ReadOnlySpan<int> labels)
    {
        var logits = onHost.Length == 0 ? loss.Logits.View.Span : Download(backend);
        int classes = loss.Logits.Shape.Columns, correct = 0;
        foreach (var (first, count) in ranges)
        {
            for (int row = 0; row < count; row++)
                correct += TensorPrimitives.IndexOfMax(logits.Slice((first + row) * classes, classes)) == labels[row] ? 1 : 0;
        }

        return correct;
    }

    private Span<float> Download(IBackend backend)
    {
        backend.Download(loss.Logits.View, onHost.AsSpan());
        return onHost;
    }
}
