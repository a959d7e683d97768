using Robustify.Kernels;
using Robustify.Kernels.Backends;
using Robustify.Kernels.Tensors;

namespace Robustify.Native.Method;

/// <summary>What the clean head stands on.</summary>
public enum TailKind
{
    /// <summary>One tuned tail feeds all three heads.</summary>
    Shared,

    /// <summary>
    /// The clean head keeps the original blocks and head, frozen: choosing it gives the original model's answer bit for bit. Costs the
    /// original's share of the computation at inference: the tail where the last blocks are tuned, all of it where the first are.
    /// </summary>
    Split,
}

/// <summary>Which end of the large model is tuned.</summary>
public enum TunedEnd
{
    /// <summary>
    /// The stem and the first blocks: corruptions change the input, and adapting there mends most with the fewest parameters (Lee et al.,
    /// "Surgical fine-tuning improves adaptation to distribution shifts", arXiv 2210.11466). Gradients pass through the frozen blocks.
    /// </summary>
    First,

    /// <summary>The last blocks and the final norm: the cheapest, as nothing before them needs a gradient.</summary>
    Last,
}

/// <summary>Where the uncertainty of a target comes from.</summary>
public enum UncertaintyKind
{
    /// <summary>Entropy of one pass.</summary>
    Entropy,

    /// <summary>Entropy of the predictive mean of several dropout passes over the classifier.</summary>
    MonteCarloDropout,
}

/// <summary>The combined head's target.</summary>
public enum TargetKind
{
    /// <summary>The original model on clean images, the teacher on augmented ones.</summary>
    Source,

    /// <summary>On every image whichever of the two is less uncertain.</summary>
    Confident,
}

/// <summary>
/// The choices of three-headed, uncertainty-aware distillation after "Efficiently Robustify Pre-trained Models" (arXiv 2309.07499). The
/// paper's exact formulas are not public: the defaults are this project's own.
/// </summary>
public sealed record DistillationOptions
{
    /// <summary>Clean images a step; as many augmented ones go with them.</summary>
    public required int BatchSize { get; init; }

    /// <summary>Blocks that are tuned; null for the model's own default (a sixth of a transformer's).</summary>
    public int? TailBlocks { get; init; }

    /// <summary>Which end these blocks are at.</summary>
    public TunedEnd Tuned { get; init; } = TunedEnd.First;

    /// <summary>
    /// 3: clean, unclean and combined. 2: clean and unclean alone, between which their own mean stands for the combined answer. 1: one head
    /// trained on both kinds of images, which leaves a plain classifier; with no weighting that is plain distillation.
    /// </summary>
    public int Heads { get; init; } = ThreeHeadedStudent.AllHeads;

    /// <summary>Shared or split tail.</summary>
    public TailKind Tail { get; init; } = TailKind.Shared;

    /// <summary>Weight of a target by its uncertainty.</summary>
    public ConfidenceWeighting Weighting { get; init; } = ConfidenceWeighting.OneMinusEntropy;

    /// <summary>How uncertainty is measured.</summary>
    public UncertaintyKind Uncertainty { get; init; } = UncertaintyKind.Entropy;

    /// <summary>Target of the combined head.</summary>
    public TargetKind Target { get; init; } = TargetKind.Source;

    /// <summary>Temperature of distillation, at least 0.1.</summary>
    public float Temperature { get; init; } = 2;

    /// <summary>Weight of the distillation term, at least 0.</summary>
    public float Lambda { get; init; } = 1;

    /// <summary>Label smoothing of the cross-entropy terms.</summary>
    public float LabelSmoothing { get; init; }

    /// <summary>Probability of Monte-Carlo dropout, in (0, 1).</summary>
    public float DropoutProbability { get; init; } = 0.1f;

    /// <summary>Passes of Monte-Carlo dropout, 2 to 100.</summary>
    public int DropoutPasses { get; init; } = 10;

    /// <summary>
    /// Not null where the step is to be cut so that what frozen parts answer can be stored: the type of the trunk's output as it is stored,
    /// Float32 or BFloat16 to round there.
    /// </summary>
    public DType? TrunkStorage { get; init; }

    /// <summary>Key of all draws.</summary>
    public ulong Seed { get; init; }

    /// <summary>Refuses values outside their ranges.</summary>
    public void Validate()
    {
        if (BatchSize < 1)
            throw new RobustifyException($"distillation: batch {BatchSize} found, at least 1 expected");
        if (Heads is < 1 or > ThreeHeadedStudent.AllHeads)
            throw new RobustifyException($"distillation: {Heads} heads found, 1..{ThreeHeadedStudent.AllHeads} expected");
        if (Heads == 1 && Tail == TailKind.Split)
            throw new RobustifyException("distillation: one head and a split tail found; with one head there is no clean head to keep apart: use a shared tail");
        if (!(Temperature is >= 0.1f and <= 1000))
            throw new RobustifyException($"distillation: temperature {Temperature} found, 0.1..1000 expected");
        if (!(Lambda is >= 0 and <= 1000))
            throw new RobustifyException($"distillation: lambda {Lambda} found, 0..1000 expected");
        if (!(DropoutProbability is > 0 and < 1) || DropoutPasses is < 2 or > 100)
            throw new RobustifyException($"distillation: dropout {DropoutProbability} in {DropoutPasses} passes found, a probability inside 0..1 and 2..100 passes expected");
        if (!(LabelSmoothing is >= 0 and < 1))
            throw new RobustifyException($"distillation: label smoothing {LabelSmoothing} found, 0 to below 1 expected");
    }
}
