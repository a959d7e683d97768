using Robustify.Kernels.Backends;
using Robustify.Kernels.Tensors;
using Robustify.Native.Data.Transforms;
using Robustify.Native.Graph;
using Robustify.Native.Graph.Ops;
using Robustify.Native.Models;
using Robustify.Native.Planning;

namespace Robustify.Native.Evaluation;

/// <summary>A plain classifier's answers: the softmax of its logits.</summary>
public sealed class ClassifierPredictor : IPredictor
{
    private readonly Plan plan;
    private readonly StagedInput images;
    private readonly Value logits;
    private readonly float[] answers;
    private RepeatedWork? inference;
    private readonly float[] probabilities;

    /// <summary>Plans inference on tensors that the caller keeps alive.</summary>
    public ClassifierPredictor(string name, IVisionModel model, ParameterStore parameters, Normalization normalization, int batchSize, ComputeTarget? target = null)
    {
        (Name, Model, Normalization, BatchSize) = (name, model, normalization, batchSize);
        var graph = new GraphBuilder(training: false, precision: target?.Precision ?? Precision.Fp32);
        var pixels = graph.Input("images", new Shape(batchSize, model.ImageSize, model.ImageSize, model.Channels));
        logits = graph.Keep(model.Classify(graph, new ParameterScope(parameters), graph.Compute(pixels)));
        plan = new Plan(graph).Allocate(target);
        images = new StagedInput(pixels, target ?? ComputeTarget.Host);
        answers = new float[batchSize * model.Classes];
        probabilities = new float[batchSize * model.Classes];
    }

    /// <inheritdoc/>
    public string Name { get; }

    /// <inheritdoc/>
    public IVisionModel Model { get; }

    /// <inheritdoc/>
    public Normalization Normalization { get; }

    /// <inheritdoc/>
    public int BatchSize { get; }

    /// <summary>Bytes of its step, known before they are taken.</summary>
    internal long StepBytes => plan.ArenaBytes;

    /// <inheritdoc/>
    public Span<float> Images => images.Images;

    /// <inheritdoc/>
    public TensorView DeviceImages => images.DeviceImages;

    /// <inheritdoc/>
    public ReadOnlySpan<float> Probabilities => probabilities;

    /// <inheritdoc/>
    public void Predict(IBackend backend, ReadOnlySpan<uint> sampleIds)
    {
        images.Upload(backend);
        inference ??= new RepeatedWork(backend, () => plan.Run(backend));
        inference.Run();
        backend.Download(logits.View, answers.AsSpan());
        for (int row = 0; row < BatchSize; row++)
        {
            StableSoftmax.Apply(
                answers.AsSpan(row * Model.Classes, Model.Classes), probabilities.AsSpan(row * Model.Classes, Model.Classes));
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        inference?.Dispose();
        images.Dispose();
        plan.Dispose();
    }
}
