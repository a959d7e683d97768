using Robustify.Kernels;
using Robustify.Native.Graph;
using Robustify.Native.Models;
using Robustify.Native.Models.Checkpoints;
using Robustify.Native.Models.ConvNext;
using Robustify.Native.Models.ResNet;
using Robustify.Native.Models.VisionTransformer;

namespace Robustify.Native.Method.Onnx;

/// <summary>
/// Writes a trained model as ONNX (opset 17). Input <c>images</c> [batch, C, H, W], normalised as the checkpoint says (in the file's
/// metadata). A plain classifier has the output <c>logits</c>; a student <c>clean</c>, <c>unclean</c> and <c>combined</c> logits, and
/// the selected answer as <c>probabilities</c> and <c>head</c> (0 clean, 1 unclean, 2 combined).
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
        graph.SetMetadata("preprocessing", source.Preprocessing.Describe(model.ImageSize));
        var weights = new OnnxWeights(graph, new ParameterScope(parameters));
        if (student is null)
            graph.Output("logits", Head(graph, weights, model.HeadName, Features(graph, weights, model, images)), false, -1, model.Classes);
        else
            WriteStudent(source, student, graph, parameters, weights, images);
        graph.Save(path);
    }

    private static void WriteStudent(
        ModelSource source, ThreeHeadedStudent student, OnnxGraph graph, ParameterStore parameters, OnnxWeights weights, string images)
    {
        var inference = StudentInference.Read(source.Metadata);
        if (inference.DropoutPasses > 1)
            throw new RobustifyException($"model '{source.Name}': answers by Monte-Carlo dropout, which ONNX cannot repeat; distill with another uncertainty");
        if (student.Heads != ThreeHeadedStudent.AllHeads)
            throw new RobustifyException($"model '{source.Name}': has {student.Heads} heads, {ThreeHeadedStudent.AllHeads} expected by the ONNX form of a student");
        string features = Features(graph, weights, student.Model, images), cleanFeatures = features;
        if (student.Tail == TailKind.Split)
        {
            var original = new OnnxWeights(graph, new ParameterScope(parameters, CheckpointNames.OriginalPrefix), weights);
            cleanFeatures = Features(graph, original, student.Model, images);
        }

        string[] logits =
        [
            Head(graph, weights, student.CleanHead, cleanFeatures), Head(graph, weights, student.UncleanHead, features),
            Head(graph, weights, student.CombinedHead, features),
        ];
        int classes = student.Model.Classes;
        foreach (var (name, value) in (ReadOnlySpan<(string, string)>)[("clean", logits[0]), ("unclean", logits[1]), ("combined", logits[2])])
            graph.Output(name, value, false, -1, classes);
        Select(graph, logits, inference.Calibration, classes);
    }

    /// <summary>The rule of <see cref="HeadSelector"/>.</summary>
    private static void Select(OnnxGraph graph, string[] logits, SelectorCalibration calibration, int classes)
    {
        string[] p = [.. logits.Select(x => graph.Node("Softmax", [x], null, ("axis", -1L)))];
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
        VisionTransformer transformer => new OnnxVisionTransformer(graph, weights, transformer.Options).Features(images),
        ResNet residual => new OnnxResNet(graph, weights, residual.Options).Features(images),
        ConvNext convolutional => new OnnxConvNext(graph, weights, convolutional.Options).Features(images),
        _ => throw new RobustifyException($"{model.Description}: has no ONNX form, a ViT, a ResNet or a ConvNeXt expected; convert to safetensors"),
    };
}
