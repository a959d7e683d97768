using Robustify.Kernels;
using Robustify.Kernels.Tensors;
using Robustify.Native.Data.Loading;
using Robustify.Native.Graph;
using Robustify.Native.Models;

namespace Robustify.Native.Training;

/// <summary>The inputs that every training graph has, and how a batch fills them.</summary>
internal sealed class StepInputs
{
    // Views of one image draw different dropout masks: the view's number goes above any sample number in use.
    private const int ViewBit = 28;

    private readonly GraphBuilder graph;
    private readonly int batchSize;
    private readonly int views;

    public StepInputs(GraphBuilder graph, IVisionModel model, int batchSize, int views)
    {
        this.graph = graph;
        this.batchSize = batchSize;
        this.views = views;
        Images = graph.Input("images", new Shape(batchSize * views, model.ImageSize, model.ImageSize, model.Channels));
        Labels = graph.Input("labels", new Shape(batchSize), DType.Int32);
    }

    /// <summary>[views x batch, side, side, channels]: all of view 0, then all of view 1 ...</summary>
    public Value Images { get; }

    /// <summary>[batch].</summary>
    public Value Labels { get; }

    /// <summary>Copies a batch's labels and numbers and <paramref name="images"/> into the graph's memory.</summary>
    public unsafe void Fill(Batch batch, ReadOnlySpan<float> images)
    {
        if (batch.Count != batchSize || images.Length != Images.Shape.Count)
        {
            throw new RobustifyException(
                $"training step: a batch of {batch.Count} images found, {batchSize} expected; use a batch no larger than the training set");
        }

        images.CopyTo(Images.View.Span);
        batch.Labels.CopyTo(new Span<int>(Labels.View.Integers, batchSize));
        if (graph.Epoch is { } epoch)
            *epoch.View.Integers = batch.Epoch;
        if (graph.SampleIds is not { } ids)
            return;
        if (ids.Shape.Count != Images.Shape[0])
            throw new InvalidOperationException($"{ids} for {Images}: random layers of a training step number all of its samples");
        for (int view = 0; view < views; view++)
        {
            for (int i = 0; i < batchSize; i++)
                ids.View.Integers[view * batchSize + i] = (int)batch.SampleIds[i] | (view << ViewBit);
        }
    }
}
