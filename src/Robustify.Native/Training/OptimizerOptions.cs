using Robustify.Kernels;

namespace Robustify.Native.Training;

/// <summary>
/// Constants of an optimiser, in PyTorch's conventions. The learning rate here is the one a schedule starts from; each step is told its
/// own. Defaults are PyTorch's, with momentum 0.9.
/// </summary>
public sealed record OptimizerOptions
{
    private const double SmallestEpsilon = 1e-30;

    /// <summary>The update rule.</summary>
    public OptimizerKind Kind { get; init; } = OptimizerKind.Sgd;

    /// <summary>Base learning rate; at least 0.</summary>
    public double Rate { get; init; } = 1e-3;

    /// <summary>Decay of the weights, times each segment's multiplier; at least 0. SGD adds it to the gradient, AdamW does not.</summary>
    public double WeightDecay { get; init; }

    /// <summary>SGD: momentum in [0, 1).</summary>
    public double Momentum { get; init; } = 0.9;

    /// <summary>SGD: the part of the gradient that does not enter the momentum, in [0, 1].</summary>
    public double Dampening { get; init; }

    /// <summary>SGD: Nesterov's momentum; needs a momentum above 0 and no dampening.</summary>
    public bool Nesterov { get; init; }

    /// <summary>AdamW: memory of the first moment, in [0, 1).</summary>
    public double Beta1 { get; init; } = 0.9;

    /// <summary>AdamW: memory of the second moment, in [0, 1).</summary>
    public double Beta2 { get; init; } = 0.999;

    /// <summary>AdamW: added to the root of the second moment; above 0.</summary>
    public double Epsilon { get; init; } = 1e-8;

    /// <summary>The global norm to which gradients are clipped before a step; 0 means no clipping.</summary>
    public double MaximumGradientNorm { get; init; }

    /// <summary>Refuses what no optimiser can use.</summary>
    /// <exception cref="RobustifyException">One line that names the first option out of its range.</exception>
    public void Validate()
    {
        if (!Enum.IsDefined(Kind))
            throw new RobustifyException($"optimizer: kind {Kind} found, {OptimizerKind.Sgd} or {OptimizerKind.AdamW} expected");
        RequireNotNegative("learning rate", Rate);
        RequireNotNegative("weight decay", WeightDecay);
        RequireNotNegative("maximum gradient norm", MaximumGradientNorm);
        RequireFraction("momentum", Momentum);
        RequireFraction("beta1", Beta1);
        RequireFraction("beta2", Beta2);
        if (!(Dampening is >= 0 and <= 1))
            throw new RobustifyException($"optimizer: dampening {Dampening} found, 0..1 expected");

        // The kernels compute in float, where a smaller epsilon vanishes and the first zero gradient divides zero by zero.
        if (!(Epsilon >= SmallestEpsilon && (float)Epsilon <= float.MaxValue))
            throw new RobustifyException($"optimizer: epsilon {Epsilon} found, a finite number of at least {SmallestEpsilon} expected");
        if (Kind == OptimizerKind.Sgd && Nesterov && (Momentum == 0 || Dampening != 0))
            throw new RobustifyException(
                $"optimizer: Nesterov momentum with momentum {Momentum} and dampening {Dampening} found, above 0 and 0 expected");
    }

    private static void RequireNotNegative(string name, double value)
    {
        if (!(value >= 0 && (float)value <= float.MaxValue))
            throw new RobustifyException($"optimizer: {name} {value} found, a finite number of at least 0 expected");
    }

    private static void RequireFraction(string name, double value)
    {
        if (!(value >= 0 && (float)value < 1))
            throw new RobustifyException($"optimizer: {name} {value} found, a number of at least 0 and below 1 expected");
    }
}
