using Robustify.Native.Models.Clip;

namespace Robustify.Native.Method.Onnx;

/// <summary>The image towers of <see cref="ClipVisionTransformer"/> and <see cref="ClipResNet"/> in ONNX operators: embeddings of length one.</summary>
internal sealed class OnnxClip(OnnxGraph graph, OnnxWeights weights)
{
    /// <summary>Images [N, C, H, W] to embeddings [N, width of an embedding].</summary>
    public string Features(string images, ClipVisionTransformerOptions options)
    {
        var transformer = new OnnxTransformer(graph, weights, options.Width, options.Heads, options.Activation, options.LayerNormEpsilon);
        string x = transformer.Assemble(images, transformer.Embed(images, options.PatchSize, hasBias: false), classTokens: 1);
        x = transformer.Blocks(transformer.Norm("norm_pre", x), options.Depth);
        x = transformer.Norm("norm", transformer.First(x, 1));
        return Normalize(graph.Node("MatMul", [x, weights.Transposed("proj.weight")]));
    }

    /// <inheritdoc cref="Features(string, ClipVisionTransformerOptions)"/>
    public string Features(string images, ClipResNetOptions options)
    {
        var residual = new OnnxResNet(graph, weights);
        string x = images;
        for (int i = 1; i <= 3; i++)
            x = residual.Unit($"conv{i}", $"bn{i}", x, kernel: 3, stride: i == 1 ? 2 : 1, relu: true);
        x = AveragePool(x, 2);
        for (int stage = 0; stage < options.Layers.Count; stage++)
        {
            for (int layer = 0; layer < options.Layers[stage]; layer++)
                x = Block(residual, $"layer{stage + 1}.{layer}", x, layer == 0 && stage > 0 ? 2 : 1, isProjected: layer == 0);
        }

        // The mean of all positions stands before them, and it alone asks.
        string tokens = OnnxTransformer.Tokens(graph, x, options.OutputWidth);
        string mean = graph.Node("ReduceMean", [tokens], null, ("axes", new long[] { 1 }), ("keepdims", 1L));
        tokens = graph.Node("Add", [graph.Node("Concat", [mean, tokens], null, ("axis", 1L)), weights.Plain("attnpool.pos_embed")]);
        string answer = OnnxTransformer.Attend(graph, weights.Linear("attnpool.qkv", tokens), options.OutputWidth, options.Heads, firstAlone: true);
        return Normalize(weights.Linear("attnpool.proj", graph.Node("Reshape", [answer, graph.Integers(0, -1)])));
    }

    private string Block(OnnxResNet residual, string path, string x, int stride, bool isProjected)
    {
        string shortcut = isProjected
            ? residual.Unit($"{path}.downsample.0", $"{path}.downsample.1", AveragePool(x, stride), kernel: 1, stride: 1, relu: false)
            : x;
        x = residual.Unit($"{path}.conv1", $"{path}.bn1", x, kernel: 1, stride: 1, relu: true);
        x = AveragePool(residual.Unit($"{path}.conv2", $"{path}.bn2", x, kernel: 3, stride: 1, relu: true), stride);
        x = residual.Unit($"{path}.conv3", $"{path}.bn3", x, kernel: 1, stride: 1, relu: false);
        return graph.Node("Relu", [graph.Node("Add", [x, shortcut])]);
    }

    private string AveragePool(string x, long side) => side == 1
        ? x
        : graph.Node("AveragePool", [x], null, ("kernel_shape", new[] { side, side }), ("strides", new[] { side, side }));

    private string Normalize(string x) =>
        graph.Node("Div", [x, graph.Node("ReduceL2", [x], null, ("axes", new long[] { -1 }), ("keepdims", 1L))]);
}
