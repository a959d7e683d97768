using System.CommandLine;
using Robustify.Native.Training;

namespace Robustify.Cli.Options;

/// <summary>The optimizer, its schedule and their constants.</summary>
internal sealed class OptimizerSettings(OptimizerOptions standard, ScheduleKind schedule, double warmup)
{
    private readonly ChoiceOption<OptimizerKind> kind = new("--optimizer", "update rule", standard.Kind);

    private readonly NumberOption<double> rate = new("--rate", "highest learning rate", new(0, 1000), standard.Rate);

    private readonly ChoiceOption<ScheduleKind> scheduleKind = new(
        "--schedule", "learning rate over the run: warm-up and half a cosine, a tenth at each third, or the same throughout", schedule);

    private readonly NumberOption<double> warmupFraction = new(
        "--warmup", "part of all steps over which the rate rises from 0; cosine only", new(0, 1, HighOpen: true), warmup);

    private readonly NumberOption<double> weightDecay = new(
        "--weight-decay", "decay of weights, not of biases and norms", new(0, 1000), standard.WeightDecay);

    private readonly NumberOption<double> momentum = new("--momentum", "momentum; sgd only", new(0, 1, HighOpen: true), standard.Momentum);

    private readonly ChoiceOption<Switch> nesterov = new(
        "--nesterov", "Nesterov's form of the momentum; sgd only", standard.Nesterov ? Switch.On : Switch.Off);

    private readonly NumberOption<double> beta1 = new(
        "--beta1", "memory of the first moment; adamw only", new(0, 1, HighOpen: true), standard.Beta1);

    private readonly NumberOption<double> beta2 = new(
        "--beta2", "memory of the second moment; adamw only", new(0, 1, HighOpen: true), standard.Beta2);

    private readonly NumberOption<double> clip = new(
        "--clip", "gradients are scaled down to this global norm; 0 for never", new(0, null), standard.MaximumGradientNorm);

    public void AddTo(Command command, RunSettings run) =>
        run.Add(command, rate, kind, weightDecay, momentum, nesterov, beta1, beta2, clip, scheduleKind, warmupFraction);

    public OptimizerOptions Optimizer(ParseResult parse) => standard with
    {
        Kind = kind.Of(parse), Rate = rate.Of(parse), WeightDecay = weightDecay.Of(parse), Momentum = momentum.Of(parse),
        Nesterov = nesterov.Of(parse) == Switch.On, Beta1 = beta1.Of(parse), Beta2 = beta2.Of(parse), MaximumGradientNorm = clip.Of(parse),
    };

    /// <summary>The same where rate and decay have another default than the option's own.</summary>
    public OptimizerOptions Optimizer(ParseResult parse, OptimizerOptions otherwise) => Optimizer(parse) with
    {
        Rate = parse.GetValue(rate) ?? otherwise.Rate, WeightDecay = parse.GetValue(weightDecay) ?? otherwise.WeightDecay,
    };

    public ScheduleKind Schedule(ParseResult parse) => scheduleKind.Of(parse);

    public double Warmup(ParseResult parse) => warmupFraction.Of(parse);
}
