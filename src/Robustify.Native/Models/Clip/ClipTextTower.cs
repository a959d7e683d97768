using Robustify.Kernels;
using Robustify.Kernels.Backends;
using Robustify.Kernels.Tensors;
using Robustify.Native.Graph;
using Robustify.Native.Graph.Ops;
using Robustify.Native.Models.VisionTransformer;

namespace Robustify.Native.Models.Clip;

/// <summary>The sizes of CLIP's text tower.</summary>
public sealed record ClipTextOptions
{
    /// <summary>Token ids are below this.</summary>
    public int VocabularySize { get; init; } = 49408;

    /// <summary>Tokens of a text, start and end among them.</summary>
    public int ContextLength { get; init; } = 77;

    /// <summary>Length of a token.</summary>
    public int Width { get; init; } = 512;

    /// <summary>Number of blocks.</summary>
    public int Depth { get; init; } = 12;

    /// <summary>Attention heads; divides the width.</summary>
    public int Heads { get; init; } = 8;

    /// <summary>Length of the hidden layer of a block's perceptron.</summary>
    public int MlpWidth { get; init; } = 2048;

    /// <summary>Length of an embedding.</summary>
    public int EmbeddingWidth { get; init; } = 512;

    /// <summary>As the image tower's.</summary>
    public Activation Activation { get; init; } = Activation.QuickGelu;

    /// <summary>Added to variances.</summary>
    public float LayerNormEpsilon { get; init; } = 1e-5f;

    /// <summary>Refuses sizes that do not fit together.</summary>
    /// <exception cref="RobustifyException">Names the sizes.</exception>
    public void Validate()
    {
        if (VocabularySize < 3 || ContextLength < 2 || Width < 1 || Heads < 1 || Width % Heads != 0 || Depth < 1 || MlpWidth < 1 || EmbeddingWidth < 1)
        {
            throw new RobustifyException(
                $"CLIP text tower: vocabulary {VocabularySize}, context {ContextLength}, width {Width}, {Heads} heads, depth {Depth}, perceptron {MlpWidth}, "
                + $"embedding {EmbeddingWidth} found, positive ones expected and heads that divide the width");
        }
    }
}

/// <summary>
/// CLIP's text tower (Radford et al., arXiv 2103.00020, section 2.4): a transformer whose tokens see only those before them, read out at the
/// end of the text. Its tensors are named as the image tower's with <c>text.</c> before them.
/// </summary>
public sealed class ClipTextTower
{
    /// <summary>Before the names of all its tensors.</summary>
    public const string Prefix = "text.";

    /// <summary>The logarithm of what cosines are multiplied by, [1]; it belongs to both towers.</summary>
    public const string LogitScale = "logit_scale";

    private readonly TransformerBlock block;

    /// <param name="options">Sizes; validated here.</param>
    public ClipTextTower(ClipTextOptions options)
    {
        options.Validate();
        Options = options;
        block = new(options.Width, options.Heads, options.MlpWidth, options.Activation, options.LayerNormEpsilon) { IsCausal = true };
        Specs = [.. AllSpecs()];
    }

    /// <summary>The sizes.</summary>
    public ClipTextOptions Options { get; }

    /// <summary>All its tensors, the scale of the logits among them.</summary>
    public IReadOnlyList<ParameterSpec> Specs { get; }

    /// <summary>The architecture in words.</summary>
    public string Description =>
        $"{Options.Depth} blocks of width {Options.Width}, {Options.Heads} heads, {Options.VocabularySize} tokens, {Options.ContextLength} at most in a text";

    /// <summary>
    /// Token ids [N, T] (Int32), T at most the context, to embeddings [N, embedding] before they are brought to length one. As no token sees those
    /// behind it, texts of at most T tokens have the embeddings that they have at the full context.
    /// </summary>
    /// <param name="graph">Where the nodes go.</param>
    /// <param name="parameters">Where the tensors are.</param>
    /// <param name="tokens">Token ids; what lies behind a text's end counts for nothing.</param>
    /// <param name="ends">Where each text ends, counted through all texts (n T + t), [N] (Int32): its largest id, which marks the end.</param>
    public Value Features(GraphBuilder graph, ParameterScope parameters, Value tokens, Value ends)
    {
        var embedded = graph.Embed("text.embedded", parameters["text.token_embed.weight"], tokens);
        var x = graph.AssembleTokens("text.tokens", embedded, null, parameters["text.pos_embed"], mayBeLonger: true);
        x = block.ApplyAll(graph, parameters, "text.blocks.", x, 0, Options.Depth);
        // The norm works on each token by itself, so it may come after the choice of the last.
        x = graph.SelectTokens("text.pooled", x, ends);
        x = TransformerBlock.Normalize(graph, parameters, "text.norm", x, Options.LayerNormEpsilon);
        return graph.Linear("text.proj", x, parameters["text.proj.weight"], null, type: DType.Float32);
    }

    private IEnumerable<ParameterSpec> AllSpecs()
    {
        int width = Options.Width;
        yield return new("text.token_embed.weight", new Shape(Options.VocabularySize, width), Initializer.TruncatedNormal);
        yield return new("text.pos_embed", new Shape(Options.ContextLength, width), Initializer.TruncatedNormal);
        for (int index = 0; index < Options.Depth; index++)
        {
            foreach (var spec in block.Specs($"text.blocks.{index}"))
                yield return spec;
        }

        foreach (var spec in TransformerBlock.Norm("text.norm", width))
            yield return spec;
        yield return new("text.proj.weight", new Shape(Options.EmbeddingWidth, width), Initializer.GlorotUniform, WeightDecay: true);
        yield return new(LogitScale, new Shape(1), Initializer.Zeros);
    }
}
