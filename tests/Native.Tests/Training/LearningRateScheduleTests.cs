using Robustify.Kernels;
using Robustify.Native.Training;

namespace Robustify.Native.Tests.Training;

public sealed class LearningRateScheduleTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(long.MaxValue)]
    public void ConstantIsTheRateAtEveryStep(long step) => Assert.Equal(0.3, LearningRateSchedule.Constant(0.3).RateAt(step));

    [Theory]
    [InlineData(0, 0.1)]
    [InlineData(29, 0.1)]
    [InlineData(30, 0.01)]
    [InlineData(59, 0.01)]
    [InlineData(60, 0.001)]
    public void StepDecayMultipliesOnceAnInterval(long step, double expected) =>
        Assert.Equal(expected, LearningRateSchedule.StepDecay(0.1, 0.1, 30).RateAt(step), 1e-15); // rounding of a power in double

    [Fact]
    public void WarmupEndsAtTheRateAndCosineAtTheMinimum()
    {
        var schedule = LearningRateSchedule.WarmupCosine(0.5, 0.01, 4, 20);
        Assert.Equal(0.125, schedule.RateAt(0));
        Assert.Equal(0.5, schedule.RateAt(3));
        Assert.Equal(0.5, schedule.RateAt(4));
        Assert.Equal(0.255, schedule.RateAt(12), 1e-15); // half way down; rounding in double
        Assert.Equal(0.01, schedule.RateAt(20));
        Assert.Equal(0.01, schedule.RateAt(1_000_000));
    }

    [Fact]
    public void WarmupAsLongAsTheTrainingIsAllowed() => Assert.Equal(1, LearningRateSchedule.WarmupCosine(1, 0, 3, 3).RateAt(2));

    [Theory]
    [InlineData(-0.1, 0, 0, 10, "rate -0.1")]
    [InlineData(double.NaN, 0, 0, 10, "rate NaN")]
    [InlineData(double.PositiveInfinity, 0, 0, 10, "rate Infinity")]
    [InlineData(0.1, 0.2, 0, 10, "minimum rate 0.2")]
    [InlineData(0.1, double.NaN, 0, 10, "minimum rate NaN")]
    [InlineData(0.1, 0, 11, 10, "11 warm-up steps")]
    [InlineData(0.1, 0, -1, 10, "-1 warm-up steps")]
    [InlineData(0.1, 0, 0, 0, "0 steps in total")]
    public void ImpossibleWarmupCosineIsRefusedInOneLine(double rate, double minimum, long warmup, long total, string named) =>
        Refused(() => LearningRateSchedule.WarmupCosine(rate, minimum, warmup, total), named);

    [Theory]
    [InlineData(-1, 0.1, 1, "rate -1")]
    [InlineData(1, 0, 1, "factor 0")]
    [InlineData(1, 1.5, 1, "factor 1.5")]
    [InlineData(1, double.NaN, 1, "factor NaN")]
    [InlineData(1, 0.1, 0, "interval 0")]
    public void ImpossibleStepDecayIsRefusedInOneLine(double rate, double factor, long interval, string named) =>
        Refused(() => LearningRateSchedule.StepDecay(rate, factor, interval), named);

    private static void Refused(Action action, string named)
    {
        var error = Assert.Throws<RobustifyException>(action);
        Assert.Contains(named, error.Message);
        Assert.DoesNotContain('\n', error.Message);
    }
}
