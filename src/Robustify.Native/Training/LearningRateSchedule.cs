using Robustify.Kernels;

namespace Robustify.Native.Training;

/// <summary>
/// The learning rate as a function of the step number alone (from 0), so that a resumed run continues where it was without any state.
/// </summary>
public sealed class LearningRateSchedule
{
    private readonly double rate;
    private readonly double minimumRate;
    private readonly double decayFactor;
    private readonly long decaySteps;
    private readonly long warmupSteps;
    private readonly long cosineEnd;

    private LearningRateSchedule(double rate, double minimumRate, double decayFactor, long decaySteps, long warmupSteps, long cosineEnd)
    {
        RequireRate("rate", rate);
        this.rate = rate;
        this.minimumRate = minimumRate;
        this.decayFactor = decayFactor;
        this.decaySteps = decaySteps;
        this.warmupSteps = warmupSteps;
        this.cosineEnd = cosineEnd;
    }

    /// <summary>The same rate at every step.</summary>
    /// <exception cref="RobustifyException">The rate is negative or not finite.</exception>
    public static LearningRateSchedule Constant(double rate) => new(rate, 0, 1, 0, 0, 0);

    /// <summary>rate * factor^floor(step / interval); <paramref name="interval"/> in steps.</summary>
    /// <exception cref="RobustifyException">A negative or not finite rate, a factor outside (0, 1], an interval below 1.</exception>
    public static LearningRateSchedule StepDecay(double rate, double factor, long interval)
    {
        if (!(factor > 0 && factor <= 1))
            throw new RobustifyException($"learning rate schedule: decay factor {factor} found, a number above 0 and at most 1 expected");
        if (interval < 1)
            throw new RobustifyException($"learning rate schedule: decay interval {interval} found, at least 1 step expected");
        return new(rate, 0, factor, interval, 0, 0);
    }

    /// <summary>
    /// Linear warm-up, then half a cosine (Loshchilov and Hutter, arXiv 1608.03983, without restarts): rate (step + 1) / warmup for the
    /// first <paramref name="warmup"/> steps, then minimum + (rate - minimum) (1 + cos(pi (step - warmup) / (total - warmup))) / 2, and the
    /// minimum from <paramref name="total"/> on.
    /// </summary>
    /// <exception cref="RobustifyException">
    /// A negative or not finite rate, a minimum outside 0..rate, a negative warm-up or one longer than the total, a total below 1.
    /// </exception>
    public static LearningRateSchedule WarmupCosine(double rate, double minimum, long warmup, long total)
    {
        RequireRate("minimum rate", minimum);
        if (minimum > rate)
            throw new RobustifyException($"learning rate schedule: minimum rate {minimum} found, at most the rate {rate} expected");
        if (total < 1)
            throw new RobustifyException($"learning rate schedule: {total} steps in total found, at least 1 expected");
        if (warmup < 0 || warmup > total)
            throw new RobustifyException($"learning rate schedule: {warmup} warm-up steps found, 0..{total} expected, the steps in all");
        return new(rate, minimum, 1, 0, warmup, total);
    }

    /// <summary>The learning rate of the step that follows <paramref name="step"/> finished ones.</summary>
    public double RateAt(long step)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(step);
        if (decaySteps > 0)
            return rate * Math.Pow(decayFactor, step / decaySteps);
        if (step < warmupSteps)
            return rate * (step + 1) / warmupSteps;
        if (cosineEnd == 0)
            return rate;
        return step >= cosineEnd
            ? minimumRate
            : minimumRate + 0.5 * (rate - minimumRate) * (1 + Math.Cos(Math.PI * (step - warmupSteps) / (cosineEnd - warmupSteps)));
    }

    private static void RequireRate(string name, double value)
    {
        if (!(value >= 0 && double.IsFinite(value)))
            throw new RobustifyException($"learning rate schedule: {name} {value} found, a finite number of at least 0 expected");
    }
}
