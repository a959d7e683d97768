using Robustify.Kernels.Backends;
using Robustify.Kernels.Tensors;
using Robustify.Native.Data.Transforms;
using Robustify.Native.Graph;
using Robustify.Native.Models;
using Robustify.Native.Planning;

namespace Robustify.Native.Evaluation;

/// <summary>A plain classifier's answers: the softmax of its logits.</summary>
public sealed class ClassifierPredictor : IPredictor
{
    private readonly Plan plan;
    private readonly Value images;
    private readonly Value logits;
    private readonly float[] probabilities;

    /// <summary>Plans inference on tensors that the caller keeps alive.</summary>
    public ClassifierPredictor(string name, IVisionModel model, ParameterStore parameters, Normalization normalization, int batchSize)
    {
        (Name, Model, Normalization, BatchSize) = (name, model, normalization, batchSize);
        var graph = new GraphBuilder(training: false);
        images = graph.Input("images", new Shape(batchSize, model.ImageSize, model.ImageSize, model.Channels));
        logits = graph.Keep(model.Classify(graph, new ParameterScope(parameters), images));
        plan = new Plan(graph).Allocate();
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

    /// <inheritdoc/>
    public Span<float> Images => images.View.Span;

    /// <inheritdoc/>
    public ReadOnlySpan<float> Probabilities => probabilities;

    /// <inheritdoc/>
    public void Predict(IBackend backend, ReadOnlySpan<uint> sampleIds)
    {
        plan.Run(backend);
        for (int row = 0; row < BatchSize; row++)
        {
            StableSoftmax.Apply(
                logits.View.Span.Slice(row * Model.Classes, Model.Classes), probabilities.AsSpan(row * Model.Classes, Model.Classes));
        }
    }

    /// <inheritdoc/>
    public void Dispose() => plan.Dispose();
}
