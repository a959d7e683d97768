using Robustify.Kernels.Backends;

namespace Robustify.Native.Method.Onnx;

/// <summary>Patches, tokens and the pre-norm blocks of a vision transformer in ONNX operators.</summary>
internal sealed class OnnxTransformer(OnnxGraph graph, OnnxWeights weights, int width, int heads, Activation activation, float epsilon)
{
    /// <summary>Whether each branch is multiplied by a factor a channel.</summary>
    public bool HasLayerScale { get; init; }

    /// <summary>Images [N, C, H, W] to embedded patches [N, patches, width].</summary>
    public string Embed(string images, int patch, bool hasBias)
    {
        string[] operands = [images, weights.Convolution("patch_embed.proj.weight", patch), .. hasBias ? [weights.Plain("patch_embed.proj.bias")] : (string[])[]];
        string patches = graph.Node("Conv", operands, null, ("strides", new long[] { patch, patch }));
        return Tokens(graph, patches, width);
    }

    /// <summary>Maps [N, width, h, w] as tokens [N, h w, width].</summary>
    public static string Tokens(OnnxGraph graph, string maps, int width) =>
        graph.Node("Transpose", [graph.Node("Reshape", [maps, graph.Integers(0, width, -1)])], null, ("perm", new long[] { 0, 2, 1 }));

    /// <summary>The class tokens before x [N, T, width], as many times as there are images, and positions on all.</summary>
    public string Assemble(string images, string x, int classTokens)
    {
        if (classTokens > 0)
        {
            string batch = graph.Node("Slice", [graph.Node("Shape", [images]), graph.Integers(0), graph.Integers(1)]);
            string shape = graph.Node("Concat", [batch, graph.Integers(classTokens, width)], null, ("axis", 0L));
            string prefix = graph.Node("Expand", [weights.Shaped("cls_token", 1, classTokens, width), shape]);
            x = graph.Node("Concat", [prefix, x], null, ("axis", 1L));
        }

        return graph.Node("Add", [x, weights.Plain("pos_embed")]);
    }

    /// <summary>x [N, T, width] through all blocks.</summary>
    public string Blocks(string x, int depth)
    {
        for (int block = 0; block < depth; block++)
            x = Block($"blocks.{block}", x);
        return x;
    }

    /// <summary>The first tokens of x [N, T, width] side by side: [N, count width].</summary>
    public string First(string x, int count) =>
        graph.Node("Reshape", [graph.Node("Slice", [x, graph.Integers(0), graph.Integers(count), graph.Integers(1)]), graph.Integers(0, -1)]);

    /// <summary>Layer normalisation of the last extent.</summary>
    public string Norm(string path, string x) => graph.Node(
        "LayerNormalization", [x, weights.Plain(path + ".weight"), weights.Plain(path + ".bias")], null, ("axis", -1L), ("epsilon", epsilon));

    /// <summary>Scaled dot-product attention of qkv [N, T, 3 width]: [N, T, width], or [N, 1, width] of the first token's question alone.</summary>
    public static string Attend(OnnxGraph graph, string qkv, int width, int heads, bool firstAlone = false)
    {
        int headWidth = width / heads;
        string[] parts = graph.Nodes("Split", [qkv], [$"{qkv}.q", $"{qkv}.k", $"{qkv}.v"], ("axis", -1L));
        string query = firstAlone ? graph.Node("Slice", [parts[0], graph.Integers(0), graph.Integers(1), graph.Integers(1)]) : parts[0];
        string Heads(string part, params long[] order) => graph.Node(
            "Transpose", [graph.Node("Reshape", [part, graph.Integers(0, 0, heads, headWidth)])], null, ("perm", order));
        string scores = graph.Node("MatMul", [Heads(query, 0, 2, 1, 3), Heads(parts[1], 0, 2, 3, 1)]);
        scores = graph.Node("Mul", [scores, graph.Scalar(1 / MathF.Sqrt(headWidth))]);
        string mixed = graph.Node("MatMul", [graph.Node("Softmax", [scores], null, ("axis", -1L)), Heads(parts[2], 0, 2, 1, 3)]);
        mixed = graph.Node("Transpose", [mixed], null, ("perm", new long[] { 0, 2, 1, 3 }));
        return graph.Node("Reshape", [mixed, graph.Integers(0, 0, width)]);
    }

    private string Block(string path, string x)
    {
        string attended = Attend(graph, weights.Linear($"{path}.attn.qkv", Norm($"{path}.norm1", x)), width, heads);
        x = graph.Node("Add", [x, Scaled($"{path}.ls1", weights.Linear($"{path}.attn.proj", attended))]);
        string hidden = Activate(weights.Linear($"{path}.mlp.fc1", Norm($"{path}.norm2", x)));
        return graph.Node("Add", [x, Scaled($"{path}.ls2", weights.Linear($"{path}.mlp.fc2", hidden))]);
    }

    private string Scaled(string path, string branch) => HasLayerScale ? graph.Node("Mul", [branch, weights.Plain(path + ".gamma")]) : branch;

    private string Activate(string x) => activation == Activation.QuickGelu ? OnnxActivations.QuickGelu(graph, x) : OnnxActivations.Gelu(graph, x);
}
