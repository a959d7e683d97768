using Robustify.Kernels.Backends;
using Robustify.Kernels.Tensors;

namespace Robustify.Native.Training;

/// <summary>Clipping by the global norm (Pascanu et al., arXiv 1211.5063), in PyTorch's form.</summary>
public static class GradientClipping
{
    /// <summary>
    /// gradients *= min(1, maximum / (norm + 1e-6)), the norm over all views together. Where the norm is not finite the gradients stay as
    /// they are. Nothing is waited for: the sum stays in the device's memory.
    /// </summary>
    /// <param name="backend">The device that holds the gradients.</param>
    /// <param name="gradients">Flat views that share no element.</param>
    /// <param name="sum">[1] of Float64: receives the square of the norm before clipping.</param>
    /// <param name="maximumNorm">Above 0; infinity only measures.</param>
    public static void Clip(IBackend backend, ReadOnlySpan<TensorView> gradients, TensorView sum, double maximumNorm)
    {
        for (int i = 0; i < gradients.Length; i++)
            backend.SumOfSquares(gradients[i], sum, accumulate: i > 0);
        if (double.IsPositiveInfinity(maximumNorm))
            return;
        foreach (var gradient in gradients)
            backend.ClipToNorm(gradient, sum, maximumNorm);
    }
}
