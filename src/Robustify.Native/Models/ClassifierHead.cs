using Robustify.Kernels;
using Robustify.Kernels.Tensors;
using Robustify.Native.Graph;
using Robustify.Native.Graph.Ops;

namespace Robustify.Native.Models;

/// <summary>The linear classifier on a model's features.</summary>
public static class ClassifierHead
{
    /// <summary>Tensors of a head called <paramref name="name"/>; none for no classes.</summary>
    public static ParameterSpec[] Specs(string name, int width, int classes) => classes == 0 ? [] :
    [
        new(name + ".weight", new Shape(classes, width), Initializer.TruncatedNormal, WeightDecay: true),
        new(name + ".bias", new Shape(classes), Initializer.Zeros),
    ];

    /// <summary>Features [N, width] to logits [N, classes], Float32 in every precision.</summary>
    public static Value Head(this GraphBuilder graph, ParameterScope parameters, string name, Value features) =>
        graph.Linear(name, features, parameters[name + ".weight"], parameters[name + ".bias"], type: DType.Float32);

    /// <summary>Refuses a model without a head.</summary>
    /// <exception cref="RobustifyException">Names the model and how it gets one.</exception>
    public static void RequireHead(this IVisionModel model, string name)
    {
        if (model.Classes == 0)
            throw new RobustifyException($"model '{name}': has no classifier, one for the classes of the data expected; make one with `robustify finetune --new-classifier`, or of a CLIP model with `robustify zeroshot --save FILE`");
    }

    /// <summary>Body and head of a plain classifier.</summary>
    public static ParameterSpec[] AllSpecs(this IVisionModel model) =>
        [.. model.Body, .. Specs(model.HeadName, model.FeatureWidth, model.Classes)];

    /// <summary>
    /// The whole plain classifier: images to logits, with dropout before the head where asked. A model without a head answers with its
    /// features.
    /// </summary>
    public static Value Classify(this IVisionModel model, GraphBuilder graph, ParameterScope parameters, Value images, float dropout = 0)
    {
        var features = model.Tail(graph, parameters, model.Trunk(graph, parameters, images, 0), 0);
        return model.Classes == 0 ? features : graph.Head(parameters, model.HeadName, graph.Dropout("head.dropout", features, dropout));
    }
}
