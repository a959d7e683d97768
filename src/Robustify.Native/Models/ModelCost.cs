using Robustify.Kernels.Tensors;
using Robustify.Native.Graph;
using Robustify.Native.Planning;

namespace Robustify.Native.Models;

/// <summary>What a model costs, counted before anything is computed.</summary>
public static class ModelCost
{
    /// <summary>
    /// Multiplications followed by an addition for one image, forward: linear layers, convolutions and attention's two products. Norms,
    /// activations and softmax are not counted, as usual. Two floating-point operations each.
    /// </summary>
    public static long MultiplyAdds(IVisionModel model) => model switch
    {
        VisionTransformer.VisionTransformer transformer => MultiplyAdds(transformer),
        ResNet.ResNet residual => MultiplyAdds(residual),
        _ => throw new NotSupportedException($"{model.GetType().Name} has no count"),
    };

    /// <summary>Bytes of a forward pass beside the parameters, as the planner places them.</summary>
    public static long InferenceBytes(IVisionModel model, int batchSize) => PlannedBytes(model, batchSize, training: false).Step;

    /// <summary>Bytes of a training step beside the parameters with every parameter trained: activations and gradients.</summary>
    public static long TrainingBytes(IVisionModel model, int batchSize)
    {
        var (step, gradients) = PlannedBytes(model, batchSize, training: true);
        return step + gradients;
    }

    private static (long Step, long Gradients) PlannedBytes(IVisionModel model, int batchSize, bool training)
    {
        using var parameters = new ParameterStore(model.AllSpecs(), _ => training);
        var graph = new GraphBuilder(training);
        var images = graph.Input("images", new Shape(batchSize, model.ImageSize, model.ImageSize, model.Channels));
        var logits = graph.Keep(model.Classify(graph, new ParameterScope(parameters), images));
        if (training)
        {
            var labels = graph.Input("labels", new Shape(batchSize), Kernels.Tensors.DType.Int32);
            graph.Loss("loss", logits).CrossEntropy(labels, 0, batchSize);
            graph.Differentiate();
        }

        using var plan = new Plan(graph);
        return (plan.ArenaBytes, training ? parameters.TrainedCount * sizeof(float) : 0);
    }

    private static long MultiplyAdds(VisionTransformer.VisionTransformer model)
    {
        var o = model.Options;
        long side = o.ImageSize / o.PatchSize, patches = side * side, tokens = patches + o.PrefixTokens, width = o.Width;
        long linear = tokens * (4 * width * width + 2 * width * o.MlpWidth), attention = 2 * tokens * tokens * width;
        return patches * width * o.PatchSize * o.PatchSize * o.Channels + o.Depth * (linear + attention) + (long)model.FeatureWidth * o.Classes;
    }

    // Sides halve, rounded up, in the stem, its pool, and the first block of every stage but the first.
    private static long MultiplyAdds(ResNet.ResNet model)
    {
        var o = model.Options;
        long total = (long)model.FeatureWidth * o.Classes, side = o.SmallImageStem ? o.ImageSize : Halved(o.ImageSize), before = side;
        int stage = 0;
        foreach (var spec in model.Body.Where(s => s.Shape.Rank == 4))
        {
            if (spec.Name == "conv1.weight")
            {
                total += spec.Shape.Count * side * side;
                side = before = o.SmallImageStem ? side : Halved(side);
                continue;
            }

            bool isFirst = spec.Name.Contains(".0.conv1.", StringComparison.Ordinal);
            if (isFirst)
            {
                before = side;
                side = stage++ == 0 ? side : Halved(side);
            }

            // A bottleneck strides on its second convolution, so its first still sees the stage before.
            long at = isFirst && o.Bottleneck ? before : side;
            total += spec.Shape.Count * at * at;
        }

        return total;
    }

    private static long Halved(long side) => (side + 1) / 2;
}
