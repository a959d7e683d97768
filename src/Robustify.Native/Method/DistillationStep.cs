using Robustify.Kernels;
using Robustify.Kernels.Backends;
using Robustify.Native.Data.Loading;
using Robustify.Native.Graph;
using Robustify.Native.Graph.Ops;
using Robustify.Native.Models;
using Robustify.Native.Models.Checkpoints;
using Robustify.Native.Planning;
using Robustify.Native.Training;

namespace Robustify.Native.Method;

/// <summary>
/// One step of three-headed distillation. With clean images x, augmented ones x', original model g, teacher t, w the confidence weight:
/// <code>
/// L_c = CE(h_c(x), y)  + lambda w(g(x))  tau² KL(g(x)/tau  || h_c(x)/tau)
/// L_u = CE(h_u(x'), y) + lambda w(t(x')) tau² KL(t(x')/tau || h_u(x')/tau)
/// L_m = the same over both, target g on x and t on x' (or whichever is less uncertain)
/// </code>
/// Every target is a constant. With fewer heads the others' losses are left out. In the split form the clean head is the original itself, so L_c has nothing to train and is left out.
/// </summary>
public sealed class DistillationStep : ITrainingStep, ICuttableStep
{
    private readonly GraphBuilder graph;
    private readonly StepInputs inputs;
    private readonly Plan plan;
    private readonly DistillationOptions options;

    /// <summary>Builds and plans the step.</summary>
    /// <param name="student">The large model.</param>
    /// <param name="parameters">Its training store.</param>
    /// <param name="teacher">The small robust model; takes the same images.</param>
    /// <param name="teacherParameters">Its tensors, all frozen.</param>
    /// <param name="options">The method's choices.</param>
    /// <param name="target">Where the stores are, and in what precision it computes; null for the process's own memory.</param>
    public DistillationStep(
        ThreeHeadedStudent student, ParameterStore parameters, IVisionModel teacher, ParameterStore teacherParameters, DistillationOptions options,
        ComputeTarget? target = null)
    {
        options.Validate();
        RequireSameTask(student.Model, teacher);
        this.options = options;
        Parameters = parameters;
        int batch = options.BatchSize;
        graph = new GraphBuilder(training: true, options.Seed, precision: target?.Precision ?? Precision.Fp32);
        inputs = new StepInputs(graph, student.Model, batch, views: 2);
        var model = student.Model;
        var tuned = new ParameterScope(parameters);
        var original = new ParameterScope(parameters, CheckpointNames.OriginalPrefix);
        bool confident = options.Target == TargetKind.Confident;

        // Targets: g on the clean rows and t on the augmented ones, or both on all rows where the less uncertain is chosen.
        var (features, originalFeatures) = student.Tuned == TunedEnd.Last
            ? LastTuned(student, tuned, original, confident)
            : FirstTuned(student, tuned, original, confident);
        var g = Target(original, model.HeadName, "original", originalFeatures, firstSample: 0);
        var teacherScope = new ParameterScope(teacherParameters);
        var teacherImages = confident ? inputs.Images : graph.FrozenRows("augmented", inputs.Images, batch, batch);
        var teacherFeatures = graph.AsInEvaluation(
            () => teacher.Tail(graph, teacherScope, teacher.Trunk(graph, teacherScope, teacherImages, 0), 0), WorkPhase.Teacher);
        var t = Target(teacherScope, teacher.HeadName, "teacher", teacherFeatures, firstSample: confident ? 0 : batch);

        if (student.Tail == TailKind.Shared && student.Heads > 1)
        {
            var loss = graph.Loss("loss.clean", graph.Head(tuned, student.CleanHead, features));
            Add(loss, confident ? Rows(g, 0) : g, firstRow: 0);
        }

        if (student.Heads > 1)
        {
            var unclean = graph.Loss("loss.unclean", graph.Head(tuned, student.UncleanHead, features));
            Add(unclean, confident ? Rows(t, batch) : t, firstRow: batch);
        }

        if (student.Heads != 2)
        {
            // Half the weight each, as the mean over the union of two halves of equal size.
            var combined = graph.Loss("loss.combined", graph.Head(tuned, student.CombinedHead, features));
            var chosen = confident ? LessUncertain(g, t) : default;
            Add(combined, confident ? Rows(chosen, 0) : g, firstRow: 0, scale: 0.5f);
            Add(combined, confident ? Rows(chosen, batch) : t, firstRow: batch, scale: 0.5f);
        }

        graph.Differentiate();
        plan = new Plan(graph);
        ArenaBytes = plan.ArenaBytes;
        StepMemory.Take(plan, options.BatchSize, parameters, target);
    }

    /// <inheritdoc/>
    public int AugMixViews => 1;

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

    /// <inheritdoc/>
    public void Fill(IBackend backend, Batch batch) => inputs.Fill(backend, batch, firstView: 0);

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

    /// <summary>Refuses a teacher of other classes or another input.</summary>
    /// <exception cref="RobustifyException">Names both.</exception>
    public static void RequireSameTask(IVisionModel student, IVisionModel teacher)
    {
        if (student.Classes != teacher.Classes)
            throw new RobustifyException($"distillation: teacher of {teacher.Classes} classes found, {student.Classes} expected as the student has");
        if (student.ImageSize != teacher.ImageSize || student.Channels != teacher.Channels)
        {
            throw new RobustifyException(
                $"distillation: teacher for {teacher.ImageSize}x{teacher.ImageSize}x{teacher.Channels} images found, "
                + $"{student.ImageSize}x{student.ImageSize}x{student.Channels} expected; use a teacher of the student's input size");
        }
    }

    /// <summary>The frozen trunk runs once for both; the original's own tail takes the clean rows of it.</summary>
    private (Value Features, Value Original) LastTuned(ThreeHeadedStudent student, ParameterScope tuned, ParameterScope original, bool allRows)
    {
        var model = student.Model;
        var trunk = graph.AsInEvaluation(() => model.Trunk(graph, tuned, inputs.Images, student.TrunkBlocks), WorkPhase.FrozenTrunk);
        var wholeTrunk = trunk;
        if (options.TrunkStorage is { } stored)
            trunk = graph.Cut(trunk, stored);
        var originalTrunk = allRows ? wholeTrunk : graph.FrozenRows("clean.trunk", wholeTrunk, 0, options.BatchSize);
        var originalFeatures = graph.AsInEvaluation(() => model.Tail(graph, original, originalTrunk, student.TrunkBlocks), WorkPhase.Original);
        return (model.Tail(graph, tuned, trunk, student.TrunkBlocks), originalFeatures);
    }

    /// <summary>The two differ from the first layer on, so the original is a forward pass of its own.</summary>
    private (Value Features, Value Original) FirstTuned(ThreeHeadedStudent student, ParameterScope tuned, ParameterScope original, bool allRows)
    {
        var images = allRows ? inputs.Images : graph.FrozenRows("clean", inputs.Images, 0, options.BatchSize);
        var originalFeatures = graph.AsInEvaluation(() => student.Features(graph, original, images), WorkPhase.Original);
        return (student.Features(graph, tuned, inputs.Images), originalFeatures);
    }

    /// <summary>A frozen model's logits, and the logits its uncertainty is taken from: the same, or the mean of dropout passes.</summary>
    /// <param name="scope">The frozen model's tensors.</param>
    /// <param name="head">Name of its classifier.</param>
    /// <param name="name">Prefix of value names.</param>
    /// <param name="features">Features of some of the step's samples.</param>
    /// <param name="firstSample">The first of them, which numbers its draws.</param>
    private FrozenAnswer Target(ParameterScope scope, string head, string name, Value features, int firstSample)
    {
        // Dropout over the classifier draws anew in every epoch, so what is stored then are its features. Answers are never rounded.
        bool isCut = options.TrunkStorage is not null, drawsAnew = options.Uncertainty != UncertaintyKind.Entropy;
        if (isCut && drawsAnew)
            features = graph.Cut(features, features.Type);
        var logits = graph.Head(scope, head, features);
        if (isCut && !drawsAnew)
            logits = graph.Cut(logits, logits.Type);
        var uncertain = !drawsAnew
            ? logits
            : graph.MonteCarloHead(
                $"{name}.mc", features, scope[head + ".weight"], scope[head + ".bias"], options.DropoutProbability, options.DropoutPasses,
                firstSample, samples: 2 * options.BatchSize);
        return new FrozenAnswer(logits, graph.ConfidenceWeights($"{name}.weights", uncertain, options.Weighting));
    }

    private FrozenAnswer Rows(FrozenAnswer answer, int first) => new(
        graph.FrozenRows("target", answer.Logits, first, options.BatchSize), graph.FrozenRows("target.weights", answer.Weights, first, options.BatchSize));

    private FrozenAnswer LessUncertain(FrozenAnswer g, FrozenAnswer t)
    {
        var logits = graph.LessUncertain("confident", g.Logits, t.Logits);
        return new FrozenAnswer(logits, graph.ConfidenceWeights("confident.weights", logits, options.Weighting));
    }

    private void Add(LossHead loss, FrozenAnswer target, int firstRow, float scale = 1)
    {
        loss.CrossEntropy(inputs.Labels, firstRow, options.BatchSize, options.LabelSmoothing, scale);
        if (options.Lambda > 0)
            loss.Distillation(target.Logits, target.Weights, firstRow, options.BatchSize, options.Temperature, scale * options.Lambda);
    }

    private readonly record struct FrozenAnswer(Value Logits, Value Weights);
}
