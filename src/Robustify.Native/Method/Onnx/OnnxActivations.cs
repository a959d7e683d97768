namespace Robustify.Native.Method.Onnx;

/// <summary>Activations that opset 17 has no operator for.</summary>
internal static class OnnxActivations
{
    /// <summary>x Phi(x) = x / 2 (1 + erf(x / sqrt 2)).</summary>
    public static string Gelu(OnnxGraph graph, string x)
    {
        string erf = graph.Node("Erf", [graph.Node("Mul", [x, graph.Scalar(MathF.Sqrt(0.5f))])]);
        return graph.Node("Mul", [graph.Node("Mul", [x, graph.Scalar(0.5f)]), graph.Node("Add", [erf, graph.Scalar(1)])]);
    }

    /// <summary>x sigmoid(1.702 x).</summary>
    public static string QuickGelu(OnnxGraph graph, string x) =>
        graph.Node("Mul", [x, graph.Node("Sigmoid", [graph.Node("Mul", [x, graph.Scalar(1.702f)])])]);
}
