using Robustify.Kernels.Backends;
using Robustify.Kernels.Tensors;

namespace Robustify.Native.Training;

/// <summary>Clipping by the global norm (Pascanu et al., arXiv 1211.5063), in PyTorch's form.</summary>
public static class GradientClipping
{
    // PyTorch's: keeps the factor finite where all gradients are zero.
    private const double NormOffset = 1e-6;

    /// <summary>
    /// gradients *= min(1, maximum / (norm + 1e-6)), the norm over all views together. Where the norm is not finite the gradients stay as
    /// they are: the caller must not step on them.
    /// </summary>
    /// <param name="backend">The device that holds the gradients.</param>
    /// <param name="gradients">Flat views that share no element.</param>
    /// <param name="maximumNorm">Above 0; infinity only measures.</param>
    /// <returns>The norm before clipping.</returns>
    public static double Clip(IBackend backend, ReadOnlySpan<TensorView> gradients, double maximumNorm)
    {
        double sum = 0;
        foreach (var gradient in gradients)
            sum += backend.SumOfSquares(gradient);
        double norm = Math.Sqrt(sum), factor = maximumNorm / (norm + NormOffset);
        if (double.IsFinite(norm) && factor < 1)
        {
            foreach (var gradient in gradients)
                backend.Scale(gradient, (float)factor);
        }

        return norm;
    }
}
