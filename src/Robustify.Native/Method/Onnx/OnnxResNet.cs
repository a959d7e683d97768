using Robustify.Native.Models.ResNet;

namespace Robustify.Native.Method.Onnx;

/// <summary>The residual network of <see cref="ResNet"/> in ONNX operators, with running statistics.</summary>
internal sealed class OnnxResNet(OnnxGraph graph, OnnxWeights weights, ResNetOptions options)
{
    // As in the engine's BatchNorm, which is PyTorch's.
    private const float Epsilon = 1e-5f;

    /// <summary>Images [N, C, H, W] to features [N, width].</summary>
    public string Features(string images)
    {
        string x = options.SmallImageStem ? Convolution("conv1", images, 3, 1) : Convolution("conv1", images, 7, 2);
        x = graph.Node("Relu", [Norm("bn1", x)]);
        if (!options.SmallImageStem)
        {
            x = graph.Node(
                "MaxPool", [x], null, ("kernel_shape", new long[] { 3, 3 }), ("strides", new long[] { 2, 2 }), ("pads", new long[] { 1, 1, 1, 1 }));
        }

        int input = options.StemWidth;
        for (int stage = 0; stage < options.Layers.Count; stage++)
        {
            int output = options.Widths[stage] * options.Expansion;
            for (int layer = 0; layer < options.Layers[stage]; layer++, input = output)
                x = Block($"layer{stage + 1}.{layer}", x, layer == 0 && stage > 0 ? 2 : 1, isProjected: input != output || (layer == 0 && stage > 0));
        }

        return graph.Node("Flatten", [graph.Node("GlobalAveragePool", [x])], null, ("axis", 1L));
    }

    private string Block(string path, string x, int stride, bool isProjected)
    {
        string shortcut = isProjected ? Norm($"{path}.downsample.1", Convolution($"{path}.downsample.0", x, 1, stride)) : x;
        int last = options.Bottleneck ? 3 : 2, strided = options.Bottleneck ? 2 : 1;
        for (int i = 1; i <= last; i++)
        {
            int kernel = options.Bottleneck && i != 2 ? 1 : 3;
            x = Norm($"{path}.bn{i}", Convolution($"{path}.conv{i}", x, kernel, i == strided ? stride : 1));
            x = graph.Node("Relu", [i == last ? graph.Node("Add", [x, shortcut]) : x]);
        }

        return x;
    }

    private string Convolution(string path, string x, int kernel, int stride)
    {
        long pad = kernel / 2;
        return graph.Node(
            "Conv", [x, weights.Convolution(path + ".weight", kernel)], null, ("strides", new long[] { stride, stride }), ("pads", new[] { pad, pad, pad, pad }));
    }

    private string Norm(string path, string x) => graph.Node(
        "BatchNormalization",
        [x, weights.Plain(path + ".weight"), weights.Plain(path + ".bias"), weights.Plain(path + ".running_mean"), weights.Plain(path + ".running_var")], null,
        ("epsilon", Epsilon));
}
