using Robustify.Kernels;
using Robustify.Kernels.Backends;
using Robustify.Kernels.Tensors;
using Robustify.Native.Data.Loading;
using Robustify.Native.Graph;
using Robustify.Native.Graph.Ops;
using Robustify.Native.Models;
using Robustify.Native.Planning;

namespace Robustify.Native.Training;

/// <summary>How a plain classifier is trained.</summary>
public sealed record ClassificationOptions
{
    /// <summary>Images a step, not counting views.</summary>
    public required int BatchSize { get; init; }

    /// <summary>Label smoothing in [0, 1).</summary>
    public float LabelSmoothing { get; init; }

    /// <summary>Dropout before the classifier, in [0, 1).</summary>
    public float HeadDropout { get; init; }

    /// <summary>
    /// 0 trains on clean images, 1 on one AugMix mixture with plain cross-entropy, 2 on a clean image and two mixtures with the
    /// consistency term.
    /// </summary>
    public int AugMixViews { get; init; }

    /// <summary>Weight of the Jensen–Shannon term with two views (12 in the AugMix paper, arXiv 1912.02781).</summary>
    public float ConsistencyWeight { get; init; } = 12;

    /// <summary>
    /// Where the step is cut so that the frozen part's outputs can be stored; null for a whole step, in which frozen blocks compute as trained
    /// ones do.
    /// </summary>
    public FrozenBlocks? Frozen { get; init; }

    /// <summary>Key of dropout draws.</summary>
    public ulong Seed { get; init; }
}

/// <summary>The frozen first part of a model: it computes as in evaluation.</summary>
/// <param name="Count">Blocks; all of them freezes the final norm too and leaves the head alone.</param>
/// <param name="Stored">Type of what comes out as it is stored: Float32, or BFloat16 to round there.</param>
public sealed record FrozenBlocks(int Count, DType Stored = DType.Float32);

/// <summary>One training step of a plain classifier: cross-entropy, with AugMix's consistency term where two mixtures are given.</summary>
public sealed class ClassificationStep : ITrainingStep, ICuttableStep
{
    private readonly ClassificationOptions options;
    private readonly GraphBuilder graph;
    private readonly StepInputs inputs;
    private readonly Plan plan;

    /// <summary>Builds and plans the step for a model whose trained tensors <paramref name="parameters"/> determines.</summary>
    /// <param name="model">The architecture.</param>
    /// <param name="parameters">Its tensors, in the memory of <paramref name="target"/>.</param>
    /// <param name="options">The choices.</param>
    /// <param name="target">Where and in what precision it computes; null for the process's own memory.</param>
    public ClassificationStep(IVisionModel model, ParameterStore parameters, ClassificationOptions options, ComputeTarget? target = null)
    {
        if (options.BatchSize < 1)
            throw new RobustifyException($"training: batch {options.BatchSize} found, at least 1 expected");
        this.options = options;
        Parameters = parameters;
        graph = new GraphBuilder(training: true, options.Seed, precision: target?.Precision ?? Precision.Fp32);
        int views = Views;
        inputs = new StepInputs(graph, model, options.BatchSize, views);
        var scope = new ParameterScope(parameters);
        var logits = options.Frozen is null
            ? model.Classify(graph, scope, inputs.Images, options.HeadDropout)
            : graph.Head(scope, model.HeadName, graph.Dropout("head.dropout", CutFeatures(model, scope, options.Frozen), options.HeadDropout));
        var loss = graph.Loss("loss", logits).CrossEntropy(inputs.Labels, 0, options.BatchSize, options.LabelSmoothing);
        if (views == 3)
            loss.JensenShannon(options.ConsistencyWeight);
        graph.Differentiate();
        plan = new Plan(graph);
        ArenaBytes = plan.ArenaBytes;
        StepMemory.Take(plan, options.BatchSize, parameters, target);
    }

    /// <inheritdoc/>
    public int AugMixViews => options.AugMixViews;

    /// <inheritdoc/>
    public ParameterStore Parameters { get; }

    /// <inheritdoc/>
    public IReadOnlyList<LossHead> Losses => graph.Losses;

    /// <inheritdoc/>
    public long ArenaBytes { get; }

    /// <inheritdoc/>
    public MultiplyAdds MultiplyAdds => plan.MultiplyAdds;

    /// <inheritdoc/>
    public PhaseClock? Phases => plan.Phases;

    /// <summary>Features behind a frozen part that computes as in evaluation.</summary>
    private Value CutFeatures(IVisionModel model, ParameterScope scope, FrozenBlocks frozen)
    {
        if (frozen.Count >= model.BlockCount)
        {
            var features = graph.AsInEvaluation(() => model.Tail(graph, scope, model.Trunk(graph, scope, inputs.Images, 0), 0), WorkPhase.FrozenTrunk);
            return graph.Cut(features, frozen.Stored);
        }

        var trunk = graph.AsInEvaluation(() => model.Trunk(graph, scope, inputs.Images, frozen.Count), WorkPhase.FrozenTrunk);
        return model.Tail(graph, scope, graph.Cut(trunk, frozen.Stored), frozen.Count);
    }

    // With one mixture the clean image is only the mixture's origin: the mixture alone is trained on.
    private int Views => options.AugMixViews == 2 ? 3 : 1;

    /// <inheritdoc/>
    public void Fill(IBackend backend, Batch batch) => inputs.Fill(backend, batch, firstView: options.AugMixViews == 1 ? 1 : 0);

    /// <inheritdoc/>
    public void Run(IBackend backend) => plan.Run(backend);

    /// <inheritdoc/>
    public void Compute(IBackend backend, Batch batch)
    {
        Fill(backend, batch);
        Run(backend);
    }

    /// <inheritdoc/>
    public string? FindNonFinite(IBackend backend) => plan.RunSearchingNonFinite(backend);

    /// <inheritdoc/>
    public void Dispose() => plan.Dispose();

    /// <inheritdoc/>
    Plan ICuttableStep.Plan => plan;

    /// <inheritdoc/>
    bool ICuttableStep.NeedsImages => plan.Cut!.TunedReads(inputs.Pixels);

    /// <inheritdoc/>
    void ICuttableStep.FillNumbers(IBackend backend, Batch batch) => inputs.FillNumbers(backend, batch);
}
