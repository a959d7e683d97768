using Robustify.Kernels.Tensors;
using Robustify.Native.Graph;
using Robustify.Native.Graph.Ops;

namespace Robustify.Native.Models;

/// <summary>The linear classifier on a model's features.</summary>
public static class ClassifierHead
{
    /// <summary>Tensors of a head called <paramref name="name"/>.</summary>
    public static ParameterSpec[] Specs(string name, int width, int classes) =>
    [
        new(name + ".weight", new Shape(classes, width), Initializer.TruncatedNormal, WeightDecay: true),
        new(name + ".bias", new Shape(classes), Initializer.Zeros),
    ];

    /// <summary>Features [N, width] to logits [N, classes], Float32 in every precision.</summary>
    public static Value Head(this GraphBuilder graph, ParameterScope parameters, string name, Value features) =>
        graph.Linear(name, features, parameters[name + ".weight"], parameters[name + ".bias"], type: DType.Float32);

    /// <summary>Body and head of a plain classifier.</summary>
    public static ParameterSpec[] AllSpecs(this IVisionModel model) =>
        [.. model.Body, .. Specs(model.HeadName, model.FeatureWidth, model.Classes)];

    /// <summary>The whole plain classifier: images to logits, with dropout before the head where asked.</summary>
    public static Value Classify(this IVisionModel model, GraphBuilder graph, ParameterScope parameters, Value images, float dropout = 0)
    {
        var features = model.Tail(graph, parameters, model.Trunk(graph, parameters, images, 0), 0);
        return graph.Head(parameters, model.HeadName, graph.Dropout("head.dropout", features, dropout));
    }
}
