using System.Numerics.Tensors;

namespace Robustify.Native.Evaluation;

/// <summary>softmax with the largest logit taken off first; TensorPrimitives' own overflows at logits of 89.</summary>
internal static class StableSoftmax
{
    /// <summary>Probabilities of one row of logits, of the same length.</summary>
    public static void Apply(ReadOnlySpan<float> logits, Span<float> probabilities)
    {
        TensorPrimitives.Subtract(logits, TensorPrimitives.Max(logits), probabilities);
        TensorPrimitives.SoftMax(probabilities, probabilities);
    }
}
