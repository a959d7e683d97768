using Robustify.Kernels;

namespace Robustify.Native.Training;

/// <summary>Shapes of a learning-rate schedule.</summary>
public enum ScheduleKind
{
    /// <summary>Linear warm-up, then a half cosine to the minimum.</summary>
    Cosine,

    /// <summary>A tenth at each third of the run.</summary>
    Step,

    /// <summary>The same rate throughout.</summary>
    Constant,
}

/// <summary>How long and with what optimizer a step is repeated.</summary>
public sealed record TrainerOptions
{
    /// <summary>Passes over the training set.</summary>
    public required int Epochs { get; init; }

    /// <summary>The optimizer; its rate is the schedule's highest.</summary>
    public required OptimizerOptions Optimizer { get; init; }

    /// <summary>Shape of the schedule.</summary>
    public ScheduleKind Schedule { get; init; } = ScheduleKind.Cosine;

    /// <summary>Part of all steps that warm up, in [0, 1); cosine only.</summary>
    public double WarmupFraction { get; init; } = 0.05;

    /// <summary>Where the cosine ends, as a part of the highest rate.</summary>
    public double FinalRateFraction { get; init; } = 0.01;

    /// <summary>Steps between two looks at the losses on a device that queues its work; at least 1. No result depends on it.</summary>
    public int StepsBetweenReads { get; init; } = 20;

    /// <summary>What is written down on the way.</summary>
    public RecordOptions Record { get; init; } = new();

    /// <summary>Refuses what cannot be run.</summary>
    public void Validate()
    {
        if (Epochs is < 1 or > 100_000)
            throw new RobustifyException($"training: {Epochs} epochs found, 1..100000 expected");
        if (!(WarmupFraction is >= 0 and < 1) || !(FinalRateFraction is >= 0 and <= 1))
            throw new RobustifyException($"training: warm-up {WarmupFraction} and final rate {FinalRateFraction} found, parts of 1 expected");
        if (StepsBetweenReads < 1)
            throw new RobustifyException($"training: {StepsBetweenReads} steps between readings found, at least 1 expected");
        Record.Validate();
        Optimizer.Validate();
    }

    /// <summary>The schedule for that many steps in all.</summary>
    public LearningRateSchedule CreateSchedule(long steps) => Schedule switch
    {
        ScheduleKind.Cosine => LearningRateSchedule.WarmupCosine(
            Optimizer.Rate, Optimizer.Rate * FinalRateFraction, (long)(steps * WarmupFraction), steps),
        ScheduleKind.Step => LearningRateSchedule.StepDecay(Optimizer.Rate, 0.1, Math.Max(1, (steps + 2) / 3)),
        _ => LearningRateSchedule.Constant(Optimizer.Rate),
    };
}
