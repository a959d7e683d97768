using System.CommandLine;
using Robustify.Kernels.Backends;
using Robustify.Native.Method;

namespace Robustify.Cli.Options;

/// <summary>The method's own choices.</summary>
internal sealed class DistillationSettings(DistillationOptions standard)
{
    private readonly NumberOption<int> batch = new(
        "--batch", "clean images a step; as many augmented ones go with them", new(1, 65536), standard.BatchSize);

    private readonly OptionalNumberOption<int> tailBlocks = new(
        "--tail-blocks", "blocks that are tuned", new(0, null), "a sixth of a transformer's blocks, at most the last two of a ResNet's");

    private readonly ChoiceOption<TunedEnd> tuned = new(
        "--tuned", "which blocks: the stem and the first, or the last and the final norm (cheaper, mends less)", standard.Tuned);

    private readonly NumberOption<int> heads = new(
        "--heads", "clean, unclean and combined; without the combined one; or one alone, which leaves a plain classifier", new(1, 3), standard.Heads);

    private readonly ChoiceOption<TailKind> tail = new(
        "--tail", "the tuned blocks for all heads, or the clean head on the original ones", standard.Tail);

    private readonly ChoiceOption<ConfidenceWeighting> weighting = new("--weighting", "weight of a target by its uncertainty", standard.Weighting);

    private readonly ChoiceOption<UncertaintyKind> uncertainty = new(
        "--uncertainty", "entropy of one pass, or of the mean of dropout passes over the classifier", standard.Uncertainty);

    private readonly ChoiceOption<TargetKind> target = new(
        "--target", "the combined head's target: by the image's source, or whichever answer is less uncertain", standard.Target);

    private readonly NumberOption<float> temperature = new("--temperature", "temperature of distillation", new(0.1f, 1000), standard.Temperature);

    private readonly NumberOption<float> lambda = new("--lambda", "weight of the distillation term", new(0, 1000), standard.Lambda);

    private readonly NumberOption<float> labelSmoothing = new(
        "--label-smoothing", "part of a label's weight spread over all classes", new(0, 1, HighOpen: true), standard.LabelSmoothing);

    private readonly NumberOption<float> dropout = new(
        "--dropout", "probability of Monte-Carlo dropout", new(0, 1, LowOpen: true, HighOpen: true), standard.DropoutProbability);

    private readonly NumberOption<int> dropoutPasses = new("--dropout-passes", "passes of Monte-Carlo dropout", new(2, 100), standard.DropoutPasses);

    public void AddTo(Command command, RunSettings run) => run.Add(
        command, batch, tailBlocks, tuned, heads, tail, weighting, uncertainty, target, temperature, lambda, labelSmoothing, dropout, dropoutPasses);

    public DistillationOptions Bind(ParseResult parse, ulong seed) => standard with
    {
        BatchSize = batch.Of(parse), TailBlocks = tailBlocks.Of(parse), Tuned = tuned.Of(parse), Heads = heads.Of(parse), Tail = tail.Of(parse), Weighting = weighting.Of(parse),
        Uncertainty = uncertainty.Of(parse), Target = target.Of(parse), Temperature = temperature.Of(parse), Lambda = lambda.Of(parse),
        LabelSmoothing = labelSmoothing.Of(parse), DropoutProbability = dropout.Of(parse), DropoutPasses = dropoutPasses.Of(parse), Seed = seed,
    };
}
