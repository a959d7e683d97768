using System.Numerics.Tensors;
using Robustify.Kernels.Backends;
using Robustify.Kernels.Tensors;
using Robustify.Native.Data.Transforms;
using Robustify.Native.Graph;
using Robustify.Native.Graph.Ops;
using Robustify.Native.Method;
using Robustify.Native.Models;
using Robustify.Native.Planning;

namespace Robustify.Native.Evaluation;

/// <summary>
/// A three-headed student's answers: every head's distribution, and of them the one that the calibrated selector chooses. With dropout
/// passes the distributions are predictive means, but for the clean head of a split tail, which stays the original's own answer.
/// </summary>
public sealed class StudentPredictor : IHeadedPredictor
{
    private static readonly SelectorKind[] AllSelectors = Enum.GetValues<SelectorKind>();

    private readonly Plan plan;
    private readonly StagedInput images;
    private readonly Value? sampleIds;
    private readonly Value[] logits;
    private readonly int[] numbers;
    private RepeatedWork? work;
    private readonly float[][] answers;
    private readonly float[][] heads;
    private readonly float[] probabilities;
    private readonly double[] scoreDifferences;
    private readonly int[] chosen;

    /// <summary>Plans inference on tensors that the caller keeps alive.</summary>
    public StudentPredictor(
        string name, ThreeHeadedStudent student, ParameterStore parameters, Normalization normalization, StudentInference inference, int batchSize,
        ComputeTarget? target = null)
    {
        (Name, Model, Normalization, BatchSize, Calibration) = (name, student.Model, normalization, batchSize, inference.Calibration);
        var graph = new GraphBuilder(training: false, inference.Seed, precision: target?.Precision ?? Precision.Fp32);
        var pixels = graph.Input("images", new Shape(batchSize, Model.ImageSize, Model.ImageSize, Model.Channels));
        var input = graph.Compute(pixels);
        var scope = new ParameterScope(parameters);
        bool split = student.Tail == TailKind.Split;
        var (features, cleanFeatures) = student.InferenceFeatures(graph, parameters, input);

        logits =
        [
            Answer(graph, scope, student.CleanHead, cleanFeatures, inference, singlePass: split),
            Answer(graph, scope, student.UncleanHead, features, inference, singlePass: false),
            .. student.Heads == 2 ? (Value[])[] : [Answer(graph, scope, student.CombinedHead, features, inference, singlePass: false)],
        ];
        sampleIds = graph.SampleIds;
        plan = new Plan(graph).Allocate(target);
        images = new StagedInput(pixels, target ?? ComputeTarget.Host);
        numbers = new int[batchSize];
        int count = batchSize * Model.Classes;
        answers = [new float[count], new float[count], new float[count]];
        heads = [new float[count], new float[count], new float[count]];
        probabilities = new float[count];
        scoreDifferences = new double[batchSize];
        chosen = new int[batchSize];
    }

    /// <inheritdoc/>
    public string Name { get; }

    /// <inheritdoc/>
    public IVisionModel Model { get; }

    /// <inheritdoc/>
    public Normalization Normalization { get; }

    /// <inheritdoc/>
    public int BatchSize { get; }

    /// <summary>The selector's numbers.</summary>
    public SelectorCalibration Calibration { get; set; }

    /// <summary>Bytes of its step, known before they are taken.</summary>
    internal long StepBytes => plan.ArenaBytes;

    /// <inheritdoc/>
    public Span<float> Images => images.Images;

    /// <inheritdoc/>
    public TensorView DeviceImages => images.DeviceImages;

    /// <inheritdoc/>
    public ReadOnlySpan<float> Probabilities => probabilities;

    /// <inheritdoc/>
    public IReadOnlyList<string> Heads { get; } = ["clean", "unclean", "combined"];

    /// <inheritdoc/>
    public ReadOnlySpan<int> ChosenHeads => chosen;

    /// <inheritdoc/>
    public IReadOnlyList<string> Selectors { get; } = [.. AllSelectors.Select(s => s.ToString().ToLowerInvariant())];

    /// <summary>s_c - s_u of each row of the last batch.</summary>
    public ReadOnlySpan<double> ScoreDifferences => scoreDifferences;

    /// <summary>One head's distribution for a row of the last batch.</summary>
    public ReadOnlySpan<float> Distribution(StudentHead head, int row) => heads[(int)head].AsSpan(row * Model.Classes, Model.Classes);

    /// <inheritdoc/>
    public bool IsCorrect(int selector, int row, int label) => HeadSelector.IsCorrect(
        AllSelectors[selector], Distribution(StudentHead.Clean, row), Distribution(StudentHead.Unclean, row),
        Distribution(StudentHead.Combined, row), Calibration, label);

    /// <inheritdoc/>
    public void Predict(IBackend backend, ReadOnlySpan<uint> sampleIds)
    {
        if (this.sampleIds is { } ids)
        {
            for (int i = 0; i < Math.Min(BatchSize, sampleIds.Length); i++)
                numbers[i] = (int)sampleIds[i];
            backend.Upload<int>(numbers, ids.View);
        }

        images.Upload(backend);
        work ??= new RepeatedWork(backend, () => plan.Run(backend));
        work.Run();
        for (int head = 0; head < logits.Length; head++)
            backend.Download(logits[head].View, answers[head].AsSpan());
        int classes = Model.Classes;
        for (int row = 0; row < BatchSize; row++)
        {
            for (int head = 0; head < logits.Length; head++)
                StableSoftmax.Apply(answers[head].AsSpan(row * classes, classes), heads[head].AsSpan(row * classes, classes));
            if (logits.Length == 2)
                Average(row);
            scoreDifferences[row] = HeadSelector.ScoreDifference(
                Distribution(StudentHead.Clean, row), Distribution(StudentHead.Unclean, row), Distribution(StudentHead.Combined, row));
            var selected = HeadSelector.Choose(scoreDifferences[row], Calibration);
            chosen[row] = (int)selected;
            Distribution(selected, row).CopyTo(probabilities.AsSpan(row * classes, classes));
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        work?.Dispose();
        images.Dispose();
        plan.Dispose();
    }

    // Without a combined head the mean of the two stands between them.
    private void Average(int row)
    {
        int classes = Model.Classes;
        var combined = heads[(int)StudentHead.Combined].AsSpan(row * classes, classes);
        TensorPrimitives.Add(Distribution(StudentHead.Clean, row), Distribution(StudentHead.Unclean, row), combined);
        TensorPrimitives.Multiply(combined, 0.5f, combined);
    }

    private static Value Answer(
        GraphBuilder graph, ParameterScope scope, string head, Value features, StudentInference inference, bool singlePass) =>
        graph.Keep(inference.DropoutPasses < 2 || singlePass
            ? graph.Head(scope, head, features)
            : graph.MonteCarloHead(
                head + ".mc", features, scope[head + ".weight"], scope[head + ".bias"], inference.DropoutProbability, inference.DropoutPasses));
}
