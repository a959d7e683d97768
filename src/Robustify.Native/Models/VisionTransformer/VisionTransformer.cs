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

    /// <param name="options">Sizes; validated here.</param>
    public VisionTransformer(VisionTransformerOptions options)
    {
        options.Validate();
        this.options = options;
        Body = [.. Specs()];
    }

    /// <summary>The sizes.</summary>
    public VisionTransformerOptions Options => options;

    /// <inheritdoc/>
    public string Description => $"ViT, {options.Depth} blocks of width {options.Width}, {options.Heads} heads, patch {options.PatchSize}";

    /// <inheritdoc/>
    public int ImageSize => options.ImageSize;

    /// <inheritdoc/>
    public int Channels => options.Channels;

    /// <inheritdoc/>
    public int Classes => options.Classes;

    /// <inheritdoc/>
    public int FeatureWidth => options.Width * Math.Max(1, options.PrefixTokens);

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
        if (options.PrefixTokens > 1)
            return graph.SelectFirstTokens("pooled", Norm(graph, parameters, FinalNorm, x), options.PrefixTokens);
        // The final norm works on each token by itself, so it may come after the choice of the class token.
        var pooled = HasClassToken ? graph.SelectFirstToken("pooled", x) : graph.MeanPool("pooled", x);
        return Norm(graph, parameters, FinalNorm, pooled);
    }

    private Value Blocks(GraphBuilder graph, ParameterScope parameters, Value x, int first, int end)
    {
        var stream = new ResidualStream(graph, x);
        for (int block = first; block < end; block++)
            Block(graph, parameters, stream, block);
        return stream.Value();
    }

    private void Block(GraphBuilder graph, ParameterScope parameters, ResidualStream stream, int index)
    {
        string path = $"blocks.{index}";
        float depthProbability = options.Depth > 1 ? options.StochasticDepth * index / (options.Depth - 1) : 0;
        var attended = Norm(parameters, $"{path}.norm1", stream);
        attended = Linear(graph, parameters, $"{path}.attn.qkv", attended);
        attended = graph.Attention($"{path}.attn", attended, options.Heads);
        attended = Linear(graph, parameters, $"{path}.attn.proj", attended);
        attended = graph.Dropout($"{path}.attn.dropout", attended, options.Dropout);
        stream.Add($"{path}.attn.residual", attended, depthProbability);

        var hidden = Norm(parameters, $"{path}.norm2", stream);
        hidden = graph.Linear(
            $"{path}.mlp.fc1", hidden, parameters[$"{path}.mlp.fc1.weight"], parameters[$"{path}.mlp.fc1.bias"], options.Activation);
        hidden = Linear(graph, parameters, $"{path}.mlp.fc2", hidden);
        hidden = graph.Dropout($"{path}.mlp.dropout", hidden, options.Dropout);
        stream.Add($"{path}.mlp.residual", hidden, depthProbability);
    }

    private static Value Linear(GraphBuilder graph, ParameterScope parameters, string path, Value x) =>
        graph.Linear(path, x, parameters[path + ".weight"], parameters[path + ".bias"]);

    private Value Norm(ParameterScope parameters, string path, ResidualStream stream) =>
        stream.Norm(path, parameters[path + ".weight"], parameters[path + ".bias"], options.LayerNormEpsilon);

    private Value Norm(GraphBuilder graph, ParameterScope parameters, string path, Value x) =>
        graph.LayerNorm(path, x, parameters[path + ".weight"], parameters[path + ".bias"], options.LayerNormEpsilon);

    private IEnumerable<ParameterSpec> Specs()
    {
        int width = options.Width, side = options.ImageSize / options.PatchSize;
        if (HasClassToken)
            yield return new("cls_token", new Shape(options.PrefixTokens * width), Initializer.TruncatedNormal);
        yield return new("pos_embed", new Shape(side * side + options.PrefixTokens, width), Initializer.SineCosinePositions);
        yield return Weight("patch_embed.proj", width, options.PatchSize * options.PatchSize * options.Channels);
        yield return Bias("patch_embed.proj", width);
        for (int block = 0; block < options.Depth; block++)
        {
            string path = $"blocks.{block}";
            foreach (var spec in NormSpecs(path + ".norm1"))
                yield return spec;
            yield return Weight(path + ".attn.qkv", 3 * width, width);
            yield return Bias(path + ".attn.qkv", 3 * width);
            yield return Weight(path + ".attn.proj", width, width);
            yield return Bias(path + ".attn.proj", width);
            foreach (var spec in NormSpecs(path + ".norm2"))
                yield return spec;
            yield return Weight(path + ".mlp.fc1", options.MlpWidth, width);
            yield return Bias(path + ".mlp.fc1", options.MlpWidth);
            yield return Weight(path + ".mlp.fc2", width, options.MlpWidth);
            yield return Bias(path + ".mlp.fc2", width);
        }

        foreach (var spec in NormSpecs(FinalNorm))
            yield return spec;
    }

    private static ParameterSpec Weight(string path, int outputs, int inputs) =>
        new(path + ".weight", new Shape(outputs, inputs), Initializer.GlorotUniform, WeightDecay: true);

    private static ParameterSpec Bias(string path, int outputs) => new(path + ".bias", new Shape(outputs), Initializer.Zeros);

    private ParameterSpec[] NormSpecs(string path) =>
    [
        new(path + ".weight", new Shape(options.Width), Initializer.Ones),
        new(path + ".bias", new Shape(options.Width), Initializer.Zeros),
    ];
}
