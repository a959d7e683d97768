using Robustify.Kernels.Tensors;

namespace Robustify.Kernels.Backends;

public partial interface IBackend
{
    /// <summary>Sum of squares of a flat tensor, in double precision, independent of the worker count.</summary>
    double SumOfSquares(TensorView x);

    /// <summary>x *= factor.</summary>
    void Scale(TensorView x, float factor);

    /// <summary>
    /// SGD over a flat range: g += decay x; v = momentum v + (1 - dampening) g (v = g at the first step); x -= rate (nesterov ? g + momentum v : v).
    /// PyTorch's conventions. velocity is absent where momentum is 0.
    /// </summary>
    void SgdStep(TensorView x, TensorView gradient, TensorView velocity, in SgdStepOptions options);

    /// <summary>
    /// AdamW over a flat range (Loshchilov and Hutter, arXiv 1711.05101), PyTorch's conventions: x *= 1 - rate decay; moments; bias
    /// correction by step number (from 1); x -= rate / (1 - beta1^t) m / (sqrt(v) / sqrt(1 - beta2^t) + epsilon).
    /// </summary>
    void AdamWStep(TensorView x, TensorView gradient, TensorView firstMoment, TensorView secondMoment, in AdamWStepOptions options);
}

/// <summary>Constants of one SGD step.</summary>
public readonly record struct SgdStepOptions(float Rate, float Momentum, float Dampening, bool Nesterov, float WeightDecay, bool FirstStep);

/// <summary>Constants of one AdamW step; <paramref name="Step"/> counts from 1.</summary>
public readonly record struct AdamWStepOptions(float Rate, float Beta1, float Beta2, float Epsilon, float WeightDecay, long Step);
