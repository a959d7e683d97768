using Robustify.Kernels.Backends;
using Robustify.Native.Models.VisionTransformer;

namespace Robustify.Native.Method.Onnx;

/// <summary>The vision transformer of <see cref="VisionTransformer"/> in ONNX operators.</summary>
internal sealed class OnnxVisionTransformer(OnnxGraph graph, OnnxWeights weights, VisionTransformerOptions options)
{
    /// <summary>Images [N, C, H, W] to features [N, width].</summary>
    public string Features(string images)
    {
        string patches = graph.Node(
            "Conv", [images, weights.Convolution("patch_embed.proj.weight", options.PatchSize), weights.Plain("patch_embed.proj.bias")], null,
            ("strides", new long[] { options.PatchSize, options.PatchSize }));
        string x = graph.Node("Reshape", [patches, graph.Integers(0, options.Width, -1)]);
        x = graph.Node("Transpose", [x], null, ("perm", new long[] { 0, 2, 1 }));
        if (options.PrefixTokens > 0)
            x = graph.Node("Concat", [Prefix(images), x], null, ("axis", 1L));
        x = graph.Node("Add", [x, weights.Plain("pos_embed")]);
        for (int block = 0; block < options.Depth; block++)
            x = Block($"blocks.{block}", x);
        if (options.PrefixTokens == 0)
            return Norm("fc_norm", graph.Node("ReduceMean", [x], null, ("axes", new long[] { 1 }), ("keepdims", 0L)));
        x = graph.Node("Slice", [Norm("norm", x), graph.Integers(0), graph.Integers(options.PrefixTokens), graph.Integers(1)]);
        return graph.Node("Reshape", [x, graph.Integers(0, -1)]);
    }

    // [N, tokens, width], as many times as there are images.
    private string Prefix(string images)
    {
        string batch = graph.Node("Slice", [graph.Node("Shape", [images]), graph.Integers(0), graph.Integers(1)]);
        string shape = graph.Node("Concat", [batch, graph.Integers(options.PrefixTokens, options.Width)], null, ("axis", 0L));
        return graph.Node("Expand", [weights.Shaped("cls_token", 1, options.PrefixTokens, options.Width), shape]);
    }

    private string Block(string path, string x)
    {
        string attended = Linear($"{path}.attn.proj", Attention(Linear($"{path}.attn.qkv", Norm($"{path}.norm1", x))));
        x = graph.Node("Add", [x, attended]);
        string hidden = Activate(Linear($"{path}.mlp.fc1", Norm($"{path}.norm2", x)));
        return graph.Node("Add", [x, Linear($"{path}.mlp.fc2", hidden)]);
    }

    private string Attention(string qkv)
    {
        int headWidth = options.Width / options.Heads;
        string[] parts = graph.Nodes("Split", [qkv], [$"{qkv}.q", $"{qkv}.k", $"{qkv}.v"], ("axis", -1L));
        string Heads(string part, params long[] order) => graph.Node(
            "Transpose", [graph.Node("Reshape", [part, graph.Integers(0, 0, options.Heads, headWidth)])], null, ("perm", order));
        string scores = graph.Node("MatMul", [Heads(parts[0], 0, 2, 1, 3), Heads(parts[1], 0, 2, 3, 1)]);
        scores = graph.Node("Mul", [scores, graph.Scalar(1 / MathF.Sqrt(headWidth))]);
        string mixed = graph.Node("MatMul", [graph.Node("Softmax", [scores], null, ("axis", -1L)), Heads(parts[2], 0, 2, 1, 3)]);
        mixed = graph.Node("Transpose", [mixed], null, ("perm", new long[] { 0, 2, 1, 3 }));
        return graph.Node("Reshape", [mixed, graph.Integers(0, 0, options.Width)]);
    }

    private string Activate(string x) =>
        options.Activation == Activation.QuickGelu ? OnnxActivations.QuickGelu(graph, x) : OnnxActivations.Gelu(graph, x);

    private string Linear(string path, string x) =>
        graph.Node("Add", [graph.Node("MatMul", [x, weights.Transposed(path + ".weight")]), weights.Plain(path + ".bias")]);

    private string Norm(string path, string x) => graph.Node(
        "LayerNormalization", [x, weights.Plain(path + ".weight"), weights.Plain(path + ".bias")], null,
        ("axis", -1L), ("epsilon", options.LayerNormEpsilon));
}
