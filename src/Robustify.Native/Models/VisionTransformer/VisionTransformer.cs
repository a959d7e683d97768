using System.Globalization;
using Robustify.Kernels.Tensors;
using Robustify.Native.Graph;
using Robustify.Native.Graph.Ops;

namespace Robustify.Native.Models.VisionTransformer;

/// <summary>
/// The pre-norm Vision Transformer with learned positions (Dosovitskiy et al., arXiv 2010.11929), its tensors named as timm names them.
/// </summary>
public sealed class VisionTransformer : IVisionModel
{
    private readonly VisionTransformerOptions options;
    private readonly TransformerBlock block;

    /// <param name="options">Sizes; validated here.</param>
    public VisionTransformer(VisionTransformerOptions options)
    {
        options.Validate();
        this.options = options;
        block = new(options.Width, options.Heads, options.MlpWidth, options.Activation, options.LayerNormEpsilon) 
        {
            Dropout = options.Dropout, HasLayerScale = options.HasLayerScale,
        };
        Body = [.. Specs()];
    }

    /// <summary>The sizes.</summary>
    public VisionTransformerOptions Options => options;

    /// <inheritdoc/>
    public string Description => $"ViT, {options.Depth} blocks of width {options.Width}, {options.Heads} heads, patch {options.PatchSize}{(options.HasLayerScale ? ", layer scale" : "")}";

    /// <inheritdoc/>
    public int ImageSize => options.ImageSize;

    /// <inheritdoc/>
    public int Channels => options.Channels;

    /// <inheritdoc/>
    public int Classes => options.Classes;

    /// <inheritdoc/>
    public int FeatureWidth => options.Width * options.ReadTokens;

    /// <inheritdoc/>
    public string HeadName => "head";

    /// <inheritdoc/>
    public int BlockCount => options.Depth;

    /// <summary>2 of 12 and 4 of 24: a sixth.</summary>
    public int DefaultTailBlocks => Math.Max(1, options.Depth / 6);

    /// <inheritdoc/>
    public IReadOnlyList<ParameterSpec> Body { get; }

    private bool HasClassToken => options.PrefixTokens > 0;

    private string FinalNorm => HasClassToken ? "norm" : "fc_norm";

    /// <inheritdoc/>
    public int BlockOf(string parameterName)
    {
        if (!parameterName.StartsWith("blocks.", StringComparison.Ordinal))
            return parameterName.StartsWith(FinalNorm + ".", StringComparison.Ordinal) ? BlockCount : -1;
        return int.Parse(parameterName.AsSpan(7, parameterName.IndexOf('.', 7) - 7), CultureInfo.InvariantCulture);
    }

    /// <inheritdoc/>
    public Value Trunk(GraphBuilder graph, ParameterScope parameters, Value images, int blocks)
    {
        var patches = graph.Patchify("patches", images, options.PatchSize);
        var embedded = graph.Linear("patch_embed", patches, parameters["patch_embed.proj.weight"], parameters["patch_embed.proj.bias"]);
        var x = graph.AssembleTokens("tokens", embedded, HasClassToken ? parameters["cls_token"] : null, parameters["pos_embed"]);
        return Blocks(graph, parameters, x, 0, blocks);
    }

    /// <inheritdoc/>
    public Value Tail(GraphBuilder graph, ParameterScope parameters, Value trunk, int blocks)
    {
        var x = Blocks(graph, parameters, trunk, blocks, options.Depth);
        if (options.ReadTokens > 1)
            return graph.SelectFirstTokens("pooled", Norm(graph, parameters, FinalNorm, x), options.ReadTokens);
        // The final norm works on each token by itself, so it may come after the choice of the class token.
        var pooled = HasClassToken ? graph.SelectFirstToken("pooled", x) : graph.MeanPool("pooled", x);
        return Norm(graph, parameters, FinalNorm, pooled);
    }

    private Value Blocks(GraphBuilder graph, ParameterScope parameters, Value x, int first, int end) => block.ApplyAll(
        graph, parameters, "blocks.", x, first, end, index => options.Depth > 1 ? options.StochasticDepth * index / (options.Depth - 1) : 0);

    private Value Norm(GraphBuilder graph, ParameterScope parameters, string path, Value x) =>
        TransformerBlock.Normalize(graph, parameters, path, x, options.LayerNormEpsilon);

    private IEnumerable<ParameterSpec> Specs()
    {
        int width = options.Width, side = options.ImageSize / options.PatchSize;
        if (HasClassToken)
            yield return new("cls_token", new Shape(options.PrefixTokens * width), Initializer.TruncatedNormal);
        yield return new("pos_embed", new Shape(side * side + options.PrefixTokens, width), Initializer.SineCosinePositions);
        foreach (var spec in TransformerBlock.Linear("patch_embed.proj", width, options.PatchSize * options.PatchSize * options.Channels))
            yield return spec;
        for (int index = 0; index < options.Depth; index++)
        {
            foreach (var spec in block.Specs($"blocks.{index}"))
                yield return spec;
        }

        foreach (var spec in TransformerBlock.Norm(FinalNorm, width))
            yield return spec;
    }
}
