using Robustify.Native.Models.ResNet;

namespace Robustify.Native.Method.Onnx;

/// <summary>The residual network of <see cref="ResNet"/> in ONNX operators, with running statistics.</summary>
internal sealed class OnnxResNet(OnnxGraph graph, OnnxWeights weights)
{
    // As in the engine's BatchNorm, which is PyTorch's.
    private const float Epsilon = 1e-5f;

    /// <summary>Images [N, C, H, W] to features [N, width].</summary>
    public string Features(string images, ResNetOptions options)
    {
        string x = options.SmallImageStem ? Unit("conv1", "bn1", images, 3, 1, relu: true) : Unit("conv1", "bn1", images, 7, 2, relu: true);
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
            {
                int stride = layer == 0 && stage > 0 ? 2 : 1;
                x = Block($"layer{stage + 1}.{layer}", x, options, stride, isProjected: input != output || stride > 1);
            }
        }

        return graph.Node("Flatten", [graph.Node("GlobalAveragePool", [x])], null, ("axis", 1L));
    }

    /// <summary>A convolution that keeps the sides but for its stride, and the normalisation behind it.</summary>
    public string Unit(string path, string norm, string x, int kernel, int stride, bool relu)
    {
        long pad = kernel / 2;
        x = graph.Node(
            "Conv", [x, weights.Convolution(path + ".weight", kernel)], null, ("strides", new long[] { stride, stride }), ("pads", new[] { pad, pad, pad, pad }));
        x = graph.Node(
            "BatchNormalization",
            [x, weights.Plain(norm + ".weight"), weights.Plain(norm + ".bias"), weights.Plain(norm + ".running_mean"), weights.Plain(norm + ".running_var")], null,
            ("epsilon", Epsilon));
        return relu ? graph.Node("Relu", [x]) : x;
    }

    private string Block(string path, string x, ResNetOptions options, int stride, bool isProjected)
    {
        string shortcut = isProjected ? Unit($"{path}.downsample.0", $"{path}.downsample.1", x, 1, stride, relu: false) : x;
        int last = options.Bottleneck ? 3 : 2;
        for (int i = 1; i <= last; i++)
            x = Unit($"{path}.conv{i}", $"{path}.bn{i}", x, options.Bottleneck && i != 2 ? 1 : 3, i == options.StridedConvolution ? stride : 1, relu: i < last);
        return graph.Node("Relu", [graph.Node("Add", [x, shortcut])]);
    }
}
