using Robustify.Kernels.Backends;
using Robustify.Kernels.Tensors;
using Robustify.Native.Graph;
using Robustify.Native.Graph.Ops;

namespace Robustify.Native.Models.ResNet;

/// <summary>The residual network (He et al., arXiv 1512.03385), its tensors named as torchvision names them.</summary>
public sealed class ResNet : IVisionModel
{
    private readonly ResNetOptions options;
    private readonly BlockPlace[] blocks;

    /// <param name="options">Sizes; validated here.</param>
    public ResNet(ResNetOptions options)
    {
        options.Validate();
        this.options = options;
        blocks = [.. Places()];
        Body = [.. Specs()];
    }

    /// <summary>The sizes.</summary>
    public ResNetOptions Options => options;

    /// <inheritdoc/>
    public string Description =>
        $"ResNet, {string.Join("-", options.Layers)} {(options.Bottleneck ? "bottleneck" : "basic")} blocks of width {string.Join("-", options.Widths)}{(options.StridesOnFirst ? ", stride on the first convolution" : "")}";

    /// <inheritdoc/>
    public int ImageSize => options.ImageSize;

    /// <inheritdoc/>
    public int Channels => options.Channels;

    /// <inheritdoc/>
    public int Classes => options.Classes;

    /// <inheritdoc/>
    public int FeatureWidth => blocks[^1].Output;

    /// <inheritdoc/>
    public string HeadName => "fc";

    /// <inheritdoc/>
    public int BlockCount => blocks.Length;

    /// <summary>The last stage's last blocks: at most two.</summary>
    public int DefaultTailBlocks => Math.Min(2, options.Layers[^1]);

    /// <inheritdoc/>
    public IReadOnlyList<ParameterSpec> Body { get; }

    /// <inheritdoc/>
    public int BlockOf(string parameterName) => StageNames.BlockOf(parameterName, options.Layers) ?? -1;

    /// <inheritdoc/>
    public Value Trunk(GraphBuilder graph, ParameterScope parameters, Value images, int blockCount)
    {
        var x = options.SmallImageStem
            ? graph.Convolution("conv1", images, parameters["conv1.weight"], stride: 1, padding: 1)
            : graph.Convolution("conv1", images, parameters["conv1.weight"], stride: 2, padding: 3);
        x = graph.BatchNorm("bn1", x, Norm(parameters, "bn1"), relu: true);
        if (!options.SmallImageStem)
            x = graph.MaxPool("maxpool", x, new ConvolutionGeometry(3, 2, 1));
        for (int i = 0; i < blockCount; i++)
            x = Block(graph, parameters, x, blocks[i]);
        return x;
    }

    /// <inheritdoc/>
    public Value Tail(GraphBuilder graph, ParameterScope parameters, Value trunk, int blockCount)
    {
        var x = trunk;
        for (int i = blockCount; i < blocks.Length; i++)
            x = Block(graph, parameters, x, blocks[i]);
        return graph.MeanPool("pooled", x);
    }

    private Value Block(GraphBuilder graph, ParameterScope parameters, Value x, BlockPlace block)
    {
        var shortcut = x;
        if (block.HasProjection)
        {
            shortcut = graph.Convolution($"{block.Path}.downsample.0", x, parameters[$"{block.Path}.downsample.0.weight"], block.Stride, 0);
            shortcut = graph.BatchNorm($"{block.Path}.downsample.1", shortcut, Norm(parameters, $"{block.Path}.downsample.1"), relu: false);
        }

        int last = options.Bottleneck ? 3 : 2;
        for (int i = 1; i <= last; i++)
        {
            var weight = parameters[$"{block.Path}.conv{i}.weight"];
            int kernel = weight.Value.Shape[1];
            int stride = i == options.StridedConvolution ? block.Stride : 1;
            x = graph.Convolution($"{block.Path}.conv{i}", x, weight, stride, kernel / 2);
            x = graph.BatchNorm($"{block.Path}.bn{i}", x, Norm(parameters, $"{block.Path}.bn{i}"), relu: true, i == last ? shortcut : null);
        }

        return x;
    }

    private static BatchNormParameters Norm(ParameterScope parameters, string path) => new(
        parameters[path + ".weight"], parameters[path + ".bias"], parameters[path + ".running_mean"], parameters[path + ".running_var"]);

    private IEnumerable<BlockPlace> Places()
    {
        int input = options.StemWidth;
        for (int stage = 0; stage < options.Layers.Count; stage++)
        {
            for (int i = 0; i < options.Layers[stage]; i++)
            {
                int width = options.Widths[stage], output = width * options.Expansion;
                yield return new($"layer{stage + 1}.{i}", input, width, output, i == 0 && stage > 0 ? 2 : 1);
                input = output;
            }
        }
    }

    private IEnumerable<ParameterSpec> Specs()
    {
        int stemKernel = options.SmallImageStem ? 3 : 7;
        yield return Convolution("conv1", options.StemWidth, stemKernel, options.Channels);
        foreach (var spec in NormSpecs("bn1", options.StemWidth))
            yield return spec;
        foreach (var block in blocks)
        {
            (int Outputs, int Kernel, int Inputs)[] convolutions = options.Bottleneck
                ? [(block.Width, 1, block.Input), (block.Width, 3, block.Width), (block.Output, 1, block.Width)]
                : [(block.Width, 3, block.Input), (block.Width, 3, block.Width)];
            for (int i = 0; i < convolutions.Length; i++)
            {
                var (outputs, kernel, inputs) = convolutions[i];
                yield return Convolution($"{block.Path}.conv{i + 1}", outputs, kernel, inputs);
                foreach (var spec in NormSpecs($"{block.Path}.bn{i + 1}", outputs))
                    yield return spec;
            }

            if (!block.HasProjection)
                continue;
            yield return Convolution($"{block.Path}.downsample.0", block.Output, 1, block.Input);
            foreach (var spec in NormSpecs($"{block.Path}.downsample.1", block.Output))
                yield return spec;
        }
    }

    private static ParameterSpec Convolution(string path, int outputs, int kernel, int inputs) =>
        new(path + ".weight", new Shape(outputs, kernel, kernel, inputs), Initializer.HeNormalFanOut, WeightDecay: true);

    private static ParameterSpec[] NormSpecs(string path, int channels) =>
    [
        new(path + ".weight", new Shape(channels), Initializer.Ones),
        new(path + ".bias", new Shape(channels), Initializer.Zeros),
        new(path + ".running_mean", new Shape(channels), Initializer.Zeros, IsStatistic: true),
        new(path + ".running_var", new Shape(channels), Initializer.Ones, IsStatistic: true),
    ];

    private readonly record struct BlockPlace(string Path, int Input, int Width, int Output, int Stride)
    {
        public bool HasProjection => Stride != 1 || Input != Output;
    }
}
