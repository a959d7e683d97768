using Robustify.Kernels;
using Robustify.Native.Graph;
using Robustify.Native.Models;
using Robustify.Native.Models.Checkpoints;
using Robustify.Native.Models.Clip;
using Robustify.Native.Models.ConvNext;
using Robustify.Native.Models.ResNet;
using Robustify.Native.Models.VisionTransformer;

namespace Robustify.Native.Method.Onnx;

/// <summary>
/// Writes a trained model as ONNX (opset 17). Input <c>images</c> [batch, C, H, W], normalised as the checkpoint says (in the file's
/// metadata). A plain classifier has the output <c>logits</c>, a model without one <c>features</c>, a CLIP image tower <c>embedding</c> (of length one) and <c>logits</c> where it has
/// a classifier; a student <c>clean</c>, <c>unclean</c> and, where it has that head, <c>combined</c> logits, and the selected answer as
/// <c>probabilities</c> and <c>head</c> (0 clean, 1 unclean, 2 combined: of two heads, the mean of their probabilities).
/// </summary>
public static class OnnxExport
{
    // A protobuf message holds 2 GiB.
    private const long MaxParameters = 500_000_000;

    // As in HeadSelector.
    private const float SmallestProbability = 1e-12f;

    /// <summary>Writes the file whole or not at all.</summary>
    /// <exception cref="RobustifyException">A preset without weights, a student that answers by Monte-Carlo dropout, or a file that cannot be written.</exception>
    public static void Write(ModelSource source, string path)
    {
        if (!source.IsPretrained)
            throw new RobustifyException($"model '{source.Name}': is a preset without weights, a checkpoint expected");
        var student = ThreeHeadedStudent.Of(source);
        using var parameters = student is null ? source.LoadClassifier(_ => false, seed: 0) : student.LoadTrained(source);
        if (parameters.TotalCount > MaxParameters)
            throw new RobustifyException($"model '{source.Name}': {parameters.TotalCount:N0} parameters found, at most {MaxParameters:N0} in one ONNX file (2 GiB); use a smaller model");
        var graph = new OnnxGraph();
        var model = source.Model;
        string images = graph.Input("images", -1, model.Channels, model.ImageSize, model.ImageSize);
        foreach (var (key, value) in source.PreprocessingFacts())
            graph.SetMetadata(key, value);
        graph.SetMetadata("preprocessing", source.Preprocessing.Describe(model.ImageSize));
        var weights = new OnnxWeights(graph, new ParameterScope(parameters));
        if (student is null)
            WritePlain(model, graph, weights, images);
        else
            WriteStudent(source, student, graph, parameters, weights, images);
        graph.Save(path);
    }

    private static void WritePlain(IVisionModel model, OnnxGraph graph, OnnxWeights weights, string images)
    {
        string features = Features(graph, weights, model, images);
        bool isClip = (model as PromptedModel)?.Inner is IClipImageModel || model is IClipImageModel;
        if (isClip || model.Classes == 0)
            graph.Output(isClip ? "embedding" : "features", features, false, -1, model.FeatureWidth);
        if (model.Classes > 0)
            graph.Output("logits", Head(graph, weights, model.HeadName, features), false, -1, model.Classes);
    }

    private static void WriteStudent(
        ModelSource source, ThreeHeadedStudent student, OnnxGraph graph, ParameterStore parameters, OnnxWeights weights, string images)
    {
        var inference = StudentInference.Read(source.Metadata);
        if (inference.DropoutPasses > 1)
            throw new RobustifyException($"model '{source.Name}': answers by Monte-Carlo dropout, which ONNX cannot repeat; distill with another uncertainty");
        string features = Features(graph, weights, student.Model, images), cleanFeatures = features;
        if (student.Tail == TailKind.Split)
        {
            var original = new OnnxWeights(graph, new ParameterScope(parameters, CheckpointNames.OriginalPrefix), weights);
            cleanFeatures = Features(graph, original, student.Model, images);
        }

        int classes = student.Model.Classes;
        string Distribution(string output, string head, string headFeatures)
        {
            string logits = Head(graph, weights, head, headFeatures);
            graph.Output(output, logits, false, -1, classes);
            return graph.Node("Softmax", [logits], null, ("axis", -1L));
        }

        string clean = Distribution("clean", student.CleanHead, cleanFeatures), unclean = Distribution("unclean", student.UncleanHead, features);
        string combined = student.Heads == ThreeHeadedStudent.AllHeads
            ? Distribution("combined", student.CombinedHead, features)
            : graph.Node("Mul", [graph.Node("Add", [clean, unclean]), graph.Scalar(0.5f)]);
        Select(graph, [clean, unclean, combined], inference.Calibration, classes);
    }

    /// <summary>The rule of <see cref="HeadSelector"/>.</summary>
    private static void Select(OnnxGraph graph, string[] p, SelectorCalibration calibration, int classes)
    {
        string difference = graph.Node("Sub", [Score(graph, p[0], p[2], classes), Score(graph, p[1], p[2], classes)]);
        string d = graph.Node("Sub", [difference, graph.Scalar((float)calibration.Bias)]);
        string isCombined = graph.Node("Less", [graph.Node("Abs", [d]), graph.Scalar((float)calibration.Delta)]);
        string isClean = graph.Node("LessOrEqual", [d, graph.Scalar(0)]);
        string selected = graph.Node("Where", [isCombined, p[2], graph.Node("Where", [isClean, p[0], p[1]])]);
        graph.Output("probabilities", selected, false, -1, classes);
        string head = graph.Node("Where", [isCombined, graph.Integers(2), graph.Node("Where", [isClean, graph.Integers(0), graph.Integers(1)])]);
        graph.Output("head", graph.Node("Squeeze", [head, graph.Integers(1)]), true, -1);
    }

    /// <summary>H(p) / log K + KL(combined || p), [N, 1]; a probability of 0 adds nothing, as p log max(p, tiny) is 0 there.</summary>
    private static string Score(OnnxGraph graph, string p, string combined, int classes)
    {
        string logP = Log(graph, p), logCombined = Log(graph, combined);
        string entropy = Sum(graph, graph.Node("Mul", [p, logP]));
        string uncertainty = classes > 1 ? graph.Node("Mul", [entropy, graph.Scalar((float)(-1 / Math.Log(classes)))]) : graph.Node("Mul", [entropy, graph.Scalar(0)]);
        string divergence = Sum(graph, graph.Node("Mul", [combined, graph.Node("Sub", [logCombined, logP])]));
        return graph.Node("Add", [uncertainty, divergence]);
    }

    private static string Log(OnnxGraph graph, string p) => graph.Node("Log", [graph.Node("Max", [p, graph.Scalar(SmallestProbability)])]);

    private static string Sum(OnnxGraph graph, string x) => graph.Node("ReduceSum", [x, graph.Integers(1)], null, ("keepdims", 1L));

    private static string Head(OnnxGraph graph, OnnxWeights weights, string name, string features) => graph.Node(
        "Gemm", [features, weights.Plain(name + ".weight"), weights.Plain(name + ".bias")], null, ("transB", 1L));

    private static string Features(OnnxGraph graph, OnnxWeights weights, IVisionModel model, string images) => model switch
    {
        PromptedModel prompted => Features(
            graph, weights, prompted.Inner, graph.Node("Add", [images, weights.Image(PromptedModel.TensorName, prompted.Channels)])),
        VisionTransformer transformer => new OnnxVisionTransformer(graph, weights, transformer.Options).Features(images),
        ResNet residual => new OnnxResNet(graph, weights).Features(images, residual.Options),
        ConvNext convolutional => new OnnxConvNext(graph, weights, convolutional.Options).Features(images),
        ClipVisionTransformer clip => new OnnxClip(graph, weights).Features(images, clip.Options),
        ClipResNet clip => new OnnxClip(graph, weights).Features(images, clip.Options),
        _ => throw new NotSupportedException($"{model.GetType().Name} has no ONNX form"),
    };
}
