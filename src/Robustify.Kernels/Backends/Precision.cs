namespace Robustify.Kernels.Backends;

/// <summary>What a plan computes in. Sums, statistics, losses, parameters and their gradients are Float32 in either.</summary>
public enum Precision
{
    /// <summary>Float32 throughout: results of every device agree closely.</summary>
    Fp32,

    /// <summary>
    /// Activations, their gradients and the matrices they are multiplied with in BFloat16, with Float32 sums. The parameters an optimizer
    /// moves stay Float32; every step rounds them anew.
    /// </summary>
    Bf16,
}
