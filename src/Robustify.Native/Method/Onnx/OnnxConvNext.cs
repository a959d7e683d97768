using Robustify.Native.Models.ConvNext;

namespace Robustify.Native.Method.Onnx;

/// <summary>
/// The ConvNeXt of <see cref="ConvNext"/> in ONNX operators: convolutions on [N, C, H, W], norms and perceptrons on [N, H, W, C].
/// </summary>
internal sealed class OnnxConvNext(OnnxGraph graph, OnnxWeights weights, ConvNextOptions options)
{
    private static readonly long[] ChannelsLast = [0, 2, 3, 1];
    private static readonly long[] ChannelsFirst = [0, 3, 1, 2];

    /// <summary>Images [N, C, H, W] to features [N, width].</summary>
    public string Features(string images)
    {
        string x = Transpose(PatchConvolution("stem.0", images, ConvNextOptions.StemPatch), ChannelsLast);
        x = Norm("stem.1", x, ConvNextOptions.BlockNormEpsilon);
        for (int stage = 0; stage < options.Layers.Count; stage++)
        {
            if (stage > 0)
            {
                x = Transpose(Norm($"stages.{stage}.downsample.0", x, ConvNextOptions.BlockNormEpsilon), ChannelsFirst);
                x = Transpose(PatchConvolution($"stages.{stage}.downsample.1", x, ConvNextOptions.StagePatch), ChannelsLast);
            }

            for (int layer = 0; layer < options.Layers[stage]; layer++)
                x = Block($"stages.{stage}.blocks.{layer}", x, options.Widths[stage]);
        }

        x = graph.Node("ReduceMean", [x], null, ("axes", new long[] { 1, 2 }), ("keepdims", 0L));
        return Norm("head.norm", x, options.FinalNormEpsilon);
    }

    private string Block(string path, string x, int width)
    {
        long border = options.Kernel / 2;
        string branch = graph.Node(
            "Conv",
            [Transpose(x, ChannelsFirst), weights.Shaped(path + ".conv_dw.weight", width, 1, options.Kernel, options.Kernel), weights.Plain(path + ".conv_dw.bias")],
            null, ("group", (long)width), ("pads", new[] { border, border, border, border }));
        branch = Norm(path + ".norm", Transpose(branch, ChannelsLast), ConvNextOptions.BlockNormEpsilon);
        branch = weights.Linear(path + ".mlp.fc2", OnnxActivations.Gelu(graph, weights.Linear(path + ".mlp.fc1", branch)));
        return graph.Node("Add", [x, graph.Node("Mul", [branch, weights.Plain(path + ".gamma")])]);
    }

    private string PatchConvolution(string path, string x, int patch) => graph.Node(
        "Conv", [x, weights.Convolution(path + ".weight", patch), weights.Plain(path + ".bias")], null, ("strides", new long[] { patch, patch }));

    private string Transpose(string x, long[] order) => graph.Node("Transpose", [x], null, ("perm", order));

    private string Norm(string path, string x, float epsilon) => graph.Node(
        "LayerNormalization", [x, weights.Plain(path + ".weight"), weights.Plain(path + ".bias")], null, ("axis", -1L), ("epsilon", epsilon));
}
