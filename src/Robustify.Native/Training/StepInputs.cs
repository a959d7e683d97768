using Robustify.Kernels;
using Robustify.Kernels.Backends;
using Robustify.Kernels.Tensors;
using Robustify.Native.Data.Loading;
using Robustify.Native.Graph;
using Robustify.Native.Graph.Ops;
using Robustify.Native.Models;

namespace Robustify.Native.Training;

/// <summary>The inputs that every training graph has, and how a batch fills them.</summary>
internal sealed class StepInputs
{
    // Views of one image draw different dropout masks: the view's number goes above any sample number in use.
    private const int ViewBit = 28;

    private readonly GraphBuilder graph;
    private readonly Value images;
    private readonly int batchSize;
    private readonly int views;
    private readonly int classes;
    private readonly int[] numbers;

    public StepInputs(GraphBuilder graph, IVisionModel model, int batchSize, int views)
    {
        this.graph = graph;
        this.batchSize = batchSize;
        this.views = views;
        classes = model.Classes;
        numbers = new int[batchSize * views];
        images = graph.Input("images", new Shape(batchSize * views, model.ImageSize, model.ImageSize, model.Channels));
        Images = graph.Compute(images);
        Labels = graph.Input("labels", new Shape(batchSize), DType.Int32);
    }

    /// <summary>[views x batch, side, side, channels]: all of view 0, then all of view 1 ..., in the type the graph computes in.</summary>
    public Value Images { get; }

    /// <summary>The images as they are uploaded, in Float32.</summary>
    public Value Pixels => images;

    /// <summary>[batch].</summary>
    public Value Labels { get; }

    /// <summary>Brings a batch's labels and numbers and its views from <paramref name="firstView"/> on into the graph's memory.</summary>
    /// <exception cref="RobustifyException">Another number of images, or a label that the model has no class for.</exception>
    public void Fill(IBackend backend, Batch batch, int firstView)
    {
        if (batch.Count != batchSize || batch.Views < firstView + views || batch.RowLength * batch.Count * views != images.Shape.Count)
            throw WrongBatch(batch);
        batch.Bring(backend, firstView, views, images.View);
        FillNumbers(backend, batch);
    }

    /// <summary>Brings all but the images: for a step whose frozen part is given.</summary>
    /// <exception cref="RobustifyException">Another number of images, or a label that the model has no class for.</exception>
    public void FillNumbers(IBackend backend, Batch batch)
    {
        if (batch.Count != batchSize)
            throw WrongBatch(batch);
        foreach (int label in batch.Labels)
        {
            if ((uint)label >= (uint)classes)
                throw new RobustifyException($"training step: label {label} found, 0..{classes - 1} expected; check the labels and the model's classes");
        }

        backend.Upload<int>(batch.Labels, Labels.View);
        if (graph.Epoch is { } epoch)
            backend.Upload<int>([batch.Epoch], epoch.View);
        if (graph.SampleIds is not { } ids)
            return;
        if (ids.Shape.Count != numbers.Length)
            throw new InvalidOperationException($"{ids} for {images}: random layers of a training step number all of its samples");
        for (int view = 0; view < views; view++)
        {
            for (int i = 0; i < batchSize; i++)
                numbers[view * batchSize + i] = (int)batch.SampleIds[i] | (view << ViewBit);
        }

        backend.Upload<int>(numbers, ids.View);
    }

    private RobustifyException WrongBatch(Batch batch) => new(
        $"training step: a batch of {batch.Count} images found, {batchSize} expected; use a batch no larger than the training set");
}
