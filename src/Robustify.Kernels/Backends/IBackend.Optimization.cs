using Robustify.Kernels.Tensors;

namespace Robustify.Kernels.Backends;

/// <summary>
/// The end of a step. Numbers that change from step to step come from device memory and sums stay there, so that a whole step can be
/// captured: <c>constants</c> is a view [4] holding <see cref="OptimizerConstants"/>, <c>sum</c> a view [1] of Float64.
/// </summary>
public partial interface IBackend
{
    /// <summary>Added to the norm by clipping, as PyTorch does: keeps the factor finite where all gradients are zero.</summary>
    const double ClippingOffset = 1e-6;

    /// <summary>
    /// sum [1, Float64] (+)= the sum of squares of a flat tensor, in double precision, independent of the worker count. A sum that is not
    /// finite is kept as it is in either case, so that the host, which looks only now and then, sees it; uploading 0 begins anew.
    /// </summary>
    void SumOfSquares(TensorView x, TensorView sum, bool accumulate);

    /// <summary>
    /// x *= (float)min(1, maximumNorm / (sqrt(sum) + ClippingOffset)), in double: PyTorch's clipping by the global norm. x stays as it is where the
    /// factor is not below 1 or the sum is not finite.
    /// </summary>
    void ClipToNorm(TensorView x, TensorView sum, double maximumNorm);

    /// <summary>x *= factor.</summary>
    void Scale(TensorView x, float factor);

    /// <summary>
    /// SGD over a flat range: g += decay x; v = momentum v + (1 - dampening) g (v = g at the first step); x -= rate (nesterov ? g + momentum v : v).
    /// PyTorch's conventions. velocity is absent where momentum is 0. Nothing is changed where <paramref name="sum"/> is present and not finite.
    /// </summary>
    void SgdStep(TensorView x, TensorView gradient, TensorView velocity, TensorView constants, TensorView sum, in SgdStepOptions options);

    /// <summary>
    /// AdamW over a flat range (Loshchilov and Hutter, arXiv 1711.05101), PyTorch's conventions: x *= (float)(1 - rate decay), in double;
    /// m = beta1 m + (1 - beta1) g; v = beta2 v + (1 - beta2) g²; x += stepSize m / (sqrt(v) rootScale + epsilon). Nothing is changed where
    /// <paramref name="sum"/> is present and not finite.
    /// </summary>
    void AdamWStep(
        TensorView x, TensorView gradient, TensorView firstMoment, TensorView secondMoment, TensorView constants, TensorView sum,
        in AdamWStepOptions options);
}

/// <summary>What stays the same in every SGD step of a run.</summary>
public readonly record struct SgdStepOptions(float Momentum, float Dampening, bool Nesterov, float WeightDecay);

/// <summary>What stays the same in every AdamW step of a run.</summary>
public readonly record struct AdamWStepOptions(float Beta1, float Beta2, float Epsilon, float WeightDecay);
