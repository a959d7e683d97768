namespace Robustify.Native.Training;

/// <summary>What a training run took, all processes that worked on it together.</summary>
/// <param name="Seconds">Wall time of the steps, without saving and validation.</param>
/// <param name="Images">Images seen, not counting views.</param>
/// <param name="Steps">Optimizer steps.</param>
/// <param name="TrainedParameters">Numbers the optimizer moved.</param>
public readonly record struct TrainingCost(double Seconds, long Images, long Steps, long TrainedParameters)
{
    /// <summary>Numbers of all models in the step.</summary>
    public long TotalParameters { get; init; }

    /// <summary>Floating-point operations of all forward passes, frozen models' among them; a multiplication and an addition are two.</summary>
    public long ForwardFlops { get; init; }

    /// <summary>Floating-point operations of all backward passes.</summary>
    public long BackwardFlops { get; init; }

    /// <summary>Time that the device computed in.</summary>
    public double DeviceSeconds { get; init; }

    /// <summary>One after the other: the first was needed for the second.</summary>
    public static TrainingCost operator +(TrainingCost a, TrainingCost b) =>
        new(a.Seconds + b.Seconds, a.Images + b.Images, a.Steps + b.Steps, a.TrainedParameters + b.TrainedParameters)
        {
            TotalParameters = Math.Max(a.TotalParameters, b.TotalParameters), ForwardFlops = a.ForwardFlops + b.ForwardFlops,
            BackwardFlops = a.BackwardFlops + b.BackwardFlops, DeviceSeconds = a.DeviceSeconds + b.DeviceSeconds,
        };
}
