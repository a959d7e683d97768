using Robustify.Kernels.Backends;
using Robustify.Kernels.Tensors;
using Robustify.Native.Graph;
using Robustify.Native.Planning;

namespace Robustify.Native.Models;

/// <summary>What a model costs, told from its graph before anything is computed.</summary>
public static class ModelCost
{
    /// <summary>
    /// Multiplications followed by an addition for one image, forward: two floating-point operations each. What counts is said at
    /// <see cref="Graph.MultiplyAdds"/>.
    /// </summary>
    public static long MultiplyAdds(IVisionModel model) => Measure(model, 1, trained: null).MultiplyAdds.Forward;

    /// <summary>Those of one training step on one image, forward and backward.</summary>
    /// <param name="model">The model.</param>
    /// <param name="trained">Which of its tensors an optimizer moves.</param>
    public static MultiplyAdds Training(IVisionModel model, Func<ParameterSpec, bool> trained) => Measure(model, 1, trained).MultiplyAdds;

    /// <summary>Bytes of a forward pass beside the parameters, as the planner places them.</summary>
    public static long InferenceBytes(IVisionModel model, int batchSize) => Measure(model, batchSize, trained: null).Bytes;

    /// <summary>Bytes of a training step beside the parameters with every parameter trained: activations and gradients.</summary>
    public static long TrainingBytes(IVisionModel model, int batchSize) => Measure(model, batchSize, _ => true).Bytes;

    private static (MultiplyAdds MultiplyAdds, long Bytes) Measure(IVisionModel model, int batchSize, Func<ParameterSpec, bool>? trained)
    {
        using var parameters = new ParameterStore(model.AllSpecs(), trained ?? (_ => false), ComputeTarget.ForPlanning());
        var graph = new GraphBuilder(training: trained is not null);
        var images = graph.Input("images", new Shape(batchSize, model.ImageSize, model.ImageSize, model.Channels));
        var logits = graph.Keep(model.Classify(graph, new ParameterScope(parameters), images));
        if (trained is not null)
        {
            var labels = graph.Input("labels", new Shape(batchSize), DType.Int32);
            graph.Loss("loss", logits).CrossEntropy(labels, 0, batchSize);
            graph.Differentiate();
        }

        using var plan = new Plan(graph);
        return (plan.MultiplyAdds, plan.ArenaBytes + parameters.GradientBytes);
    }
}
