using Robustify.Kernels.Tensors;
using Robustify.Native.Graph;
using Robustify.Native.Graph.Ops;
using Robustify.Native.Models.VisionTransformer;

namespace Robustify.Native.Models.Clip;

/// <summary>
/// CLIP's residual network, called ModifiedResNet where it was published (Radford et al., arXiv 2103.00020, section 2.4): the stem of
/// ResNet-D, average pooling before strided steps (Zhang, arXiv 1904.11486), and in the place of the mean an attention whose query is it.
/// </summary>
public sealed class ClipResNet : IClipImageModel
{
    private const int Expansion = 4;
    private readonly ClipResNetOptions options;
    private readonly BlockPlace[] blocks;

    /// <param name="options">Sizes; validated here.</param>
    public ClipResNet(ClipResNetOptions options)
    {
        options.Validate();
        this.options = options;
        blocks = [.. Places()];
        Body = [.. Specs()];
    }

    /// <summary>The sizes.</summary>
    public ClipResNetOptions Options => options;

    ClipImageOptions IClipImageModel.Options => options;

    /// <inheritdoc/>
    public string Description =>
        $"CLIP ResNet, {string.Join("-", options.Layers)} bottleneck blocks of width {options.Width} and more, attention pool of {options.Heads} heads, embedding {options.EmbeddingWidth}";

    /// <inheritdoc/>
    public int ImageSize => options.ImageSize;

    /// <inheritdoc/>
    public int Channels => options.Channels;

    /// <inheritdoc/>
    public int Classes => options.Classes;

    /// <inheritdoc/>
    public int FeatureWidth => options.EmbeddingWidth;

    /// <inheritdoc/>
    public string HeadName => "head";

    /// <inheritdoc/>
    public int BlockCount => blocks.Length;

    /// <summary>The last stage's last blocks: at most two.</summary>
    public int DefaultTailBlocks => Math.Min(2, options.Layers[^1]);

    /// <inheritdoc/>
    public IReadOnlyList<ParameterSpec> Body { get; }

    /// <inheritdoc/>
    public int BlockOf(string parameterName) => StageNames.BlockOf(parameterName, options.Layers)
        ?? (parameterName.StartsWith("attnpool.", StringComparison.Ordinal) ? BlockCount : -1);

    /// <inheritdoc/>
    public Value Trunk(GraphBuilder graph, ParameterScope parameters, Value images, int blockCount)
    {
        var x = images;
        for (int i = 1; i <= 3; i++)
        {
            x = graph.Convolution($"conv{i}", x, parameters[$"conv{i}.weight"], stride: i == 1 ? 2 : 1, padding: 1);
            x = graph.BatchNorm($"bn{i}", x, Norm(parameters, $"bn{i}"), relu: true);
        }

        x = graph.AveragePool("avgpool", x, 2);
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

        // The mean asks all positions and itself. The other tokens' questions, which nobody reads, cost a part in thirty of the network.
        var tokens = graph.AssembleTokens("attnpool.tokens", graph.PrependMean("attnpool.mean", x), null, parameters["attnpool.pos_embed"]);
        var qkv = graph.Linear("attnpool.qkv", tokens, parameters["attnpool.qkv.weight"], parameters["attnpool.qkv.bias"]);
        var answer = graph.SelectFirstToken("pooled", graph.Attention("attnpool", qkv, options.Heads));
        var projected = graph.Linear("proj", answer, parameters["attnpool.proj.weight"], parameters["attnpool.proj.bias"], type: DType.Float32);
        return graph.NormalizeRows("features", projected);
    }

    private static Value Block(GraphBuilder graph, ParameterScope parameters, Value x, BlockPlace block)
    {
        string path = block.Path;
        var shortcut = x;
        if (block.HasProjection)
        {
            shortcut = graph.AveragePool($"{path}.downsample.-1", x, block.Stride);
            shortcut = graph.Convolution($"{path}.downsample.0", shortcut, parameters[$"{path}.downsample.0.weight"], 1, 0);
            shortcut = graph.BatchNorm($"{path}.downsample.1", shortcut, Norm(parameters, $"{path}.downsample.1"), relu: false);
        }

        for (int i = 1; i <= 3; i++)
        {
            x = graph.Convolution($"{path}.conv{i}", x, parameters[$"{path}.conv{i}.weight"], 1, i == 2 ? 1 : 0);
            x = graph.BatchNorm($"{path}.bn{i}", x, Norm(parameters, $"{path}.bn{i}"), relu: true, i == 3 ? shortcut : null);
            if (i == 2)
                x = graph.AveragePool($"{path}.avgpool", x, block.Stride);
        }

        return x;
    }

    private static BatchNormParameters Norm(ParameterScope parameters, string path) => new(
        parameters[path + ".weight"], parameters[path + ".bias"], parameters[path + ".running_mean"], parameters[path + ".running_var"]);

    private IEnumerable<BlockPlace> Places()
    {
        int input = options.Width;
        for (int stage = 0; stage < options.Layers.Count; stage++)
        {
            int width = options.Width << stage;
            for (int i = 0; i < options.Layers[stage]; i++)
            {
                yield return new($"layer{stage + 1}.{i}", input, width, i == 0 && stage > 0 ? 2 : 1);
                input = width * Expansion;
            }
        }
    }

    private IEnumerable<ParameterSpec> Specs()
    {
        int half = options.Width / 2, width = options.OutputWidth, side = options.ImageSize / ClipResNetOptions.Reduction;
        List<ParameterSpec> specs =
        [
            .. Convolution("conv1", "bn1", half, 3, options.Channels), .. Convolution("conv2", "bn2", half, 3, half),
            .. Convolution("conv3", "bn3", options.Width, 3, half),
        ];
        foreach (var (path, input, inner, _) in blocks)
        {
            int output = inner * Expansion;
            specs.AddRange(
            [
                .. Convolution($"{path}.conv1", $"{path}.bn1", inner, 1, input), .. Convolution($"{path}.conv2", $"{path}.bn2", inner, 3, inner),
                .. Convolution($"{path}.conv3", $"{path}.bn3", output, 1, inner),
            ]);
            if (Array.Find(blocks, b => b.Path == path).HasProjection)
                specs.AddRange(Convolution($"{path}.downsample.0", $"{path}.downsample.1", output, 1, input));
        }

        specs.Add(new("attnpool.pos_embed", new Shape(side * side + 1, width), Initializer.NormalByWidth));
        foreach (var spec in (ParameterSpec[])[.. TransformerBlock.Linear("attnpool.qkv", 3 * width, width), .. TransformerBlock.Linear("attnpool.proj", options.EmbeddingWidth, width)])
            specs.Add(spec.WeightDecay ? spec with { Initializer = Initializer.NormalByWidth } : spec);
        return specs;
    }

    private static ParameterSpec[] Convolution(string path, string norm, int outputs, int kernel, int inputs) =>
    [
        new(path + ".weight", new Shape(outputs, kernel, kernel, inputs), Initializer.UniformByFanIn, WeightDecay: true),
        // A block begins as its shortcut.
        new(norm + ".weight", new Shape(outputs), norm.EndsWith(".bn3", StringComparison.Ordinal) ? Initializer.Zeros : Initializer.Ones),
        new(norm + ".bias", new Shape(outputs), Initializer.Zeros),
        new(norm + ".running_mean", new Shape(outputs), Initializer.Zeros, IsStatistic: true),
        new(norm + ".running_var", new Shape(outputs), Initializer.Ones, IsStatistic: true),
    ];

    private readonly record struct BlockPlace(string Path, int Input, int Width, int Stride)
    {
        public bool HasProjection => Stride != 1 || Input != Width * Expansion;
    }
}
