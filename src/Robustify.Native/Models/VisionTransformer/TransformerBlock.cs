using Robustify.Kernels.Backends;
using Robustify.Kernels.Tensors;
using Robustify.Native.Graph;
using Robustify.Native.Graph.Ops;

namespace Robustify.Native.Models.VisionTransformer;

/// <summary>
/// The pre-norm transformer block, x + attention(norm(x)) and then x + perceptron(norm(x)), its tensors named as timm names them. Pictures
/// and texts share it.
/// </summary>
internal sealed record TransformerBlock(int Width, int Heads, int MlpWidth, Activation Activation, float LayerNormEpsilon)
{
    /// <summary>Whether a token attends to itself and those before it alone.</summary>
    public bool IsCausal { get; init; }

    /// <summary>Whether each branch is multiplied by a learned factor a channel (Touvron et al., arXiv 2103.17239): <c>ls1.gamma</c>, <c>ls2.gamma</c>.</summary>
    public bool HasLayerScale { get; init; }

    /// <summary>Probability that dropout after attention and perceptron drops an element in training.</summary>
    public float Dropout { get; init; }

    /// <summary>The tensors of the block at <paramref name="path"/>.</summary>
    public IEnumerable<ParameterSpec> Specs(string path) =>
    [
        .. Norm(path + ".norm1", Width), .. Linear(path + ".attn.qkv", 3 * Width, Width), .. Linear(path + ".attn.proj", Width, Width), .. Scale(path + ".ls1"),
        .. Norm(path + ".norm2", Width), .. Linear(path + ".mlp.fc1", MlpWidth, Width), .. Linear(path + ".mlp.fc2", Width, MlpWidth), .. Scale(path + ".ls2"),
    ];

    /// <summary>x [N, T, width] through blocks <paramref name="first"/> to <paramref name="end"/> - 1.</summary>
    /// <param name="graph">Where the nodes go.</param>
    /// <param name="parameters">Where the tensors are.</param>
    /// <param name="blocks">The blocks' name before their number.</param>
    /// <param name="x">The tokens.</param>
    /// <param name="first">The first block.</param>
    /// <param name="end">The block behind the last.</param>
    /// <param name="stochasticDepth">Probability that either half of a block is skipped in training; null for none.</param>
    public Value ApplyAll(
        GraphBuilder graph, ParameterScope parameters, string blocks, Value x, int first, int end, Func<int, float>? stochasticDepth = null)
    {
        var stream = new ResidualStream(graph, x);
        for (int index = first; index < end; index++)
            Apply(graph, parameters, $"{blocks}{index}", stream, stochasticDepth?.Invoke(index) ?? 0);
        return stream.Value();
    }

    /// <summary>Layer normalisation by the tensors at <paramref name="path"/>.</summary>
    public static Value Normalize(GraphBuilder graph, ParameterScope parameters, string path, Value x, float epsilon) =>
        graph.LayerNorm(path, x, parameters[path + ".weight"], parameters[path + ".bias"], epsilon);

    /// <summary>The tensors of a linear layer.</summary>
    public static ParameterSpec[] Linear(string path, int outputs, int inputs) =>
    [
        new(path + ".weight", new Shape(outputs, inputs), Initializer.GlorotUniform, WeightDecay: true),
        new(path + ".bias", new Shape(outputs), Initializer.Zeros),
    ];

    /// <summary>The tensors of a layer normalisation.</summary>
    public static ParameterSpec[] Norm(string path, int width) =>
    [
        new(path + ".weight", new Shape(width), Initializer.Ones), new(path + ".bias", new Shape(width), Initializer.Zeros),
    ];

    private ParameterSpec[] Scale(string path) => HasLayerScale ? [new(path + ".gamma", new Shape(Width), Initializer.LayerScale)] : [];

    private void Apply(GraphBuilder graph, ParameterScope parameters, string path, ResidualStream stream, float stochasticDepth)
    {
        var attended = Project(graph, parameters, $"{path}.attn.qkv", Norm($"{path}.norm1"));
        attended = graph.Attention($"{path}.attn", attended, Heads, IsCausal);
        attended = Project(graph, parameters, $"{path}.attn.proj", attended);
        stream.Add($"{path}.attn.residual", graph.Dropout($"{path}.attn.dropout", attended, Dropout), stochasticDepth, Gamma(".ls1"));

        var hidden = Project(graph, parameters, $"{path}.mlp.fc1", Norm($"{path}.norm2"), Activation);
        hidden = Project(graph, parameters, $"{path}.mlp.fc2", hidden);
        stream.Add($"{path}.mlp.residual", graph.Dropout($"{path}.mlp.dropout", hidden, Dropout), stochasticDepth, Gamma(".ls2"));

        Parameter? Gamma(string scale) => HasLayerScale ? parameters[$"{path}{scale}.gamma"] : null;
        Value Norm(string norm) => stream.Norm(norm, parameters[norm + ".weight"], parameters[norm + ".bias"], LayerNormEpsilon);
    }

    private static Value Project(GraphBuilder graph, ParameterScope parameters, string path, Value x, Activation activation = Activation.None) =>
        graph.Linear(path, x, parameters[path + ".weight"], parameters[path + ".bias"], activation);
}
