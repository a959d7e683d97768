namespace Robustify.Native.Training;

/// <summary>The update rules.</summary>
public enum OptimizerKind
{
    /// <summary>Stochastic gradient descent, with momentum where it is not 0.</summary>
    Sgd,

    /// <summary>Adam with decoupled weight decay (Loshchilov and Hutter, arXiv 1711.05101).</summary>
    AdamW,
}
