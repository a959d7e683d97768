using System.Globalization;
using Robustify.Kernels.Backends;
using Robustify.Kernels.Tensors;
using Robustify.Native.Graph;
using Robustify.Native.Graph.Ops;

namespace Robustify.Native.Models.ConvNext;

/// <summary>
/// The ConvNeXt (Liu et al., arXiv 2201.03545), its tensors named as timm names them. A stage's downsampling belongs to its first block. The
/// convolutions of stem and downsampling have their kernel's side as stride, so they are linear layers on patches.
/// </summary>
public sealed class ConvNext : IVisionModel
{
    private readonly ConvNextOptions options;
    private readonly (int Stage, int Layer)[] blocks;

    /// <param name="options">Sizes; validated here.</param>
    public ConvNext(ConvNextOptions options)
    {
        options.Validate();
        this.options = options;
        blocks = [.. options.Layers.SelectMany((count, stage) => Enumerable.Range(0, count).Select(layer => (stage, layer)))];
        Body = [.. Specs()];
    }

    /// <summary>The sizes.</summary>
    public ConvNextOptions Options => options;

    /// <inheritdoc/>
    public string Description => $"ConvNeXt, {string.Join("-", options.Layers)} blocks of width {string.Join("-", options.Widths)}";

    /// <inheritdoc/>
    public int ImageSize => options.ImageSize;

    /// <inheritdoc/>
    public int Channels => options.Channels;

    /// <inheritdoc/>
    public int Classes => options.Classes;

    /// <inheritdoc/>
    public int FeatureWidth => options.Widths[^1];

    /// <inheritdoc/>
    public string HeadName => "head.fc";

    /// <inheritdoc/>
    public int BlockCount => blocks.Length;

    /// <summary>The last stage's last blocks: at most two.</summary>
    public int DefaultTailBlocks => Math.Min(2, options.Layers[^1]);

    /// <inheritdoc/>
    public IReadOnlyList<ParameterSpec> Body { get; }

    /// <inheritdoc/>
    public int BlockOf(string parameterName)
    {
        string[] parts = parameterName.Split('.');
        if (parts[0] != "stages")
            return parts[0] == "head" ? BlockCount : -1;
        int stage = int.Parse(parts[1], CultureInfo.InvariantCulture);
        int layer = parts[2] == "blocks" ? int.Parse(parts[3], CultureInfo.InvariantCulture) : 0;
        return Array.IndexOf(blocks, (stage, layer));
    }

    /// <inheritdoc/>
    public Value Trunk(GraphBuilder graph, ParameterScope parameters, Value images, int blockCount)
    {
        var x = PatchConvolution(graph, parameters, "stem.0", images, ConvNextOptions.StemPatch);
        x = Norm(graph, parameters, "stem.1", x);
        for (int i = 0; i < blockCount; i++)
            x = Block(graph, parameters, x, i);
        return x;
    }

    /// <inheritdoc/>
    public Value Tail(GraphBuilder graph, ParameterScope parameters, Value trunk, int blockCount)
    {
        var x = trunk;
        for (int i = blockCount; i < blocks.Length; i++)
            x = Block(graph, parameters, x, i);
        return Norm(graph, parameters, "head.norm", graph.MeanPool("pooled", x), options.FinalNormEpsilon);
    }

    private Value Block(GraphBuilder graph, ParameterScope parameters, Value x, int index)
    {
        var (stage, layer) = blocks[index];
        if (stage > 0 && layer == 0)
        {
            x = Norm(graph, parameters, $"stages.{stage}.downsample.0", x);
            x = PatchConvolution(graph, parameters, $"stages.{stage}.downsample.1", x, ConvNextOptions.StagePatch);
        }

        string path = $"stages.{stage}.blocks.{layer}";
        var branch = graph.DepthwiseConvolution(
            $"{path}.conv_dw", x, parameters[$"{path}.conv_dw.weight"], parameters[$"{path}.conv_dw.bias"]);
        branch = Norm(graph, parameters, $"{path}.norm", branch);
        branch = Linear(graph, parameters, $"{path}.mlp.fc1", branch, Activation.Gelu);
        branch = Linear(graph, parameters, $"{path}.mlp.fc2", branch);
        float skipped = blocks.Length > 1 ? options.StochasticDepth * index / (blocks.Length - 1) : 0;
        return graph.ScaledResidual($"{path}.residual", x, branch, parameters[$"{path}.gamma"], skipped);
    }

    private static Value PatchConvolution(GraphBuilder graph, ParameterScope parameters, string path, Value x, int patch) =>
        Linear(graph, parameters, path, graph.PatchifyGrid(path + ".patches", x, patch));

    private static Value Linear(GraphBuilder graph, ParameterScope parameters, string path, Value x, Activation activation = Activation.None) =>
        graph.Linear(path, x, parameters[path + ".weight"], parameters[path + ".bias"], activation);

    private static Value Norm(
        GraphBuilder graph, ParameterScope parameters, string path, Value x, float epsilon = ConvNextOptions.BlockNormEpsilon) =>
        graph.LayerNorm(path, x, parameters[path + ".weight"], parameters[path + ".bias"], epsilon);

    private IEnumerable<ParameterSpec> Specs()
    {
        int input = options.Channels;
        const int stem = ConvNextOptions.StemPatch, between = ConvNextOptions.StagePatch;
        foreach (var spec in (ParameterSpec[])[.. LinearSpecs("stem.0", options.Widths[0], stem * stem * input), .. NormSpecs("stem.1", options.Widths[0])])
            yield return spec;
        input = options.Widths[0];
        foreach (var (stage, layer) in blocks)
        {
            int width = options.Widths[stage];
            string path = $"stages.{stage}.downsample";
            if (stage > 0 && layer == 0)
            {
                foreach (var spec in (ParameterSpec[])[.. NormSpecs(path + ".0", input), .. LinearSpecs(path + ".1", width, between * between * input)])
                    yield return spec;
            }

            foreach (var spec in BlockSpecs($"stages.{stage}.blocks.{layer}", width))
                yield return spec;
            input = width;
        }

        foreach (var spec in NormSpecs("head.norm", input))
            yield return spec;
    }

    private IEnumerable<ParameterSpec> BlockSpecs(string path, int width) =>
    [
        new(path + ".gamma", new Shape(width), Initializer.LayerScale),
        new(path + ".conv_dw.weight", new Shape(width, options.Kernel, options.Kernel, 1), Initializer.TruncatedNormal, WeightDecay: true),
        new(path + ".conv_dw.bias", new Shape(width), Initializer.Zeros),
        .. NormSpecs(path + ".norm", width),
        .. LinearSpecs(path + ".mlp.fc1", ConvNextOptions.Expansion * width, width),
        .. LinearSpecs(path + ".mlp.fc2", width, ConvNextOptions.Expansion * width),
    ];

    private static ParameterSpec[] LinearSpecs(string path, int outputs, int inputs) =>
    [
        new(path + ".weight", new Shape(outputs, inputs), Initializer.TruncatedNormal, WeightDecay: true),
        new(path + ".bias", new Shape(outputs), Initializer.Zeros),
    ];

    private static ParameterSpec[] NormSpecs(string path, int channels) =>
    [
        new(path + ".weight", new Shape(channels), Initializer.Ones),
        new(path + ".bias", new Shape(channels), Initializer.Zeros),
    ];
}
