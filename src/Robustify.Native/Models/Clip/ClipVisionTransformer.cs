using System.Globalization;
using Robustify.Kernels.Tensors;
using Robustify.Native.Graph;
using Robustify.Native.Graph.Ops;
using Robustify.Native.Models.VisionTransformer;

namespace Robustify.Native.Models.Clip;

/// <summary>CLIP's vision transformer (Radford et al., arXiv 2103.00020, section 2.4), its tensors named in timm's manner.</summary>
public sealed class ClipVisionTransformer : IClipImageModel
{
    private readonly ClipVisionTransformerOptions options;
    private readonly TransformerBlock block;

    /// <param name="options">Sizes; validated here.</param>
    public ClipVisionTransformer(ClipVisionTransformerOptions options)
    {
        options.Validate();
        this.options = options;
        block = new(options.Width, options.Heads, options.MlpWidth, options.Activation, options.LayerNormEpsilon);
        Body = [.. Specs()];
    }

    /// <summary>The sizes.</summary>
    public ClipVisionTransformerOptions Options => options;

    ClipImageOptions IClipImageModel.Options => options;

    /// <inheritdoc/>
    public string Description =>
        $"CLIP ViT, {options.Depth} blocks of width {options.Width}, {options.Heads} heads, patch {options.PatchSize}, {options.Activation}, embedding {options.EmbeddingWidth}";

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
    public int BlockCount => options.Depth;

    /// <summary>A sixth, as of any vision transformer.</summary>
    public int DefaultTailBlocks => Math.Max(1, options.Depth / 6);

    /// <inheritdoc/>
    public IReadOnlyList<ParameterSpec> Body { get; }

    /// <inheritdoc/>
    public int BlockOf(string parameterName)
    {
        if (!parameterName.StartsWith("blocks.", StringComparison.Ordinal))
            return parameterName.StartsWith("norm.", StringComparison.Ordinal) || parameterName == "proj.weight" ? BlockCount : -1;
        return int.Parse(parameterName.AsSpan(7, parameterName.IndexOf('.', 7) - 7), CultureInfo.InvariantCulture);
    }

    /// <inheritdoc/>
    public Value Trunk(GraphBuilder graph, ParameterScope parameters, Value images, int blocks)
    {
        var patches = graph.Patchify("patches", images, options.PatchSize);
        var embedded = graph.Linear("patch_embed", patches, parameters["patch_embed.proj.weight"], null);
        var x = graph.AssembleTokens("tokens", embedded, parameters["cls_token"], parameters["pos_embed"]);
        x = TransformerBlock.Normalize(graph, parameters, "norm_pre", x, options.LayerNormEpsilon);
        return block.ApplyAll(graph, parameters, "blocks.", x, 0, blocks);
    }

    /// <inheritdoc/>
    public Value Tail(GraphBuilder graph, ParameterScope parameters, Value trunk, int blocks)
    {
        var x = block.ApplyAll(graph, parameters, "blocks.", trunk, blocks, options.Depth);
        // The final norm works on each token by itself, so it may come after the choice of the class token.
        x = TransformerBlock.Normalize(graph, parameters, "norm", graph.SelectFirstToken("pooled", x), options.LayerNormEpsilon);
        return graph.NormalizeRows("features", graph.Linear("proj", x, parameters["proj.weight"], null, type: DType.Float32));
    }

    private IEnumerable<ParameterSpec> Specs()
    {
        int width = options.Width, side = options.ImageSize / options.PatchSize;
        yield return new("cls_token", new Shape(width), Initializer.NormalByWidth);
        yield return new("pos_embed", new Shape(side * side + 1, width), Initializer.NormalByWidth);
        var patch = new Shape(width, options.PatchSize * options.PatchSize * options.Channels);
        yield return new("patch_embed.proj.weight", patch, Initializer.UniformByFanIn, WeightDecay: true);
        foreach (var spec in TransformerBlock.Norm("norm_pre", width))
            yield return spec;
        for (int index = 0; index < options.Depth; index++)
        {
            // As torch.nn begins them: attention's input by Glorot, the other matrices by their inputs.
            foreach (var spec in block.Specs($"blocks.{index}"))
                yield return spec.WeightDecay && !spec.Name.EndsWith(".qkv.weight", StringComparison.Ordinal) ? spec with { Initializer = Initializer.UniformByFanIn } : spec;
        }

        foreach (var spec in TransformerBlock.Norm("norm", width))
            yield return spec;
        yield return new("proj.weight", new Shape(options.EmbeddingWidth, width), Initializer.NormalByWidth, WeightDecay: true);
    }
}
