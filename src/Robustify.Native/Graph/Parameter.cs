using Robustify.Kernels.Tensors;

namespace Robustify.Native.Graph;

/// <summary>How a parameter begins.</summary>
public enum Initializer
{
    /// <summary>All zero.</summary>
    Zeros,

    /// <summary>All one.</summary>
    Ones,

    /// <summary>Normal with standard deviation 0.02, cut at two deviations, as ViT uses it.</summary>
    TruncatedNormal,

    /// <summary>
    /// Sines and cosines of a square grid's rows and columns (Beyer et al., "Better plain ViT baselines", arXiv 2205.01580): learned
    /// positions that begin by telling places apart. A row too many is the class token's and begins at zero.
    /// </summary>
    SineCosinePositions,

    /// <summary>Uniform within sqrt(6 / (fan in + fan out)) (Glorot and Bengio, 2010).</summary>
    GlorotUniform,

    /// <summary>Normal with variance 2 / (outputs x kernel area) (He et al., arXiv 1502.01852), as ResNet uses it.</summary>
    HeNormalFanOut,

    /// <summary>All 1e-6: a layer scale that begins as almost nothing, as ConvNeXt has it (Liu et al., arXiv 2201.03545).</summary>
    LayerScale,

    /// <summary>Normal with variance 1 / last extent, as CLIP has it for tokens, positions and projections (Radford et al., arXiv 2103.00020).</summary>
    NormalByWidth,

    /// <summary>Uniform within 1 / sqrt(fan in): PyTorch's own for linear layers and convolutions.</summary>
    UniformByFanIn,
}

/// <summary>What a model says of one of its tensors before it has memory.</summary>
/// <param name="Name">Path in timm's or torchvision's naming.</param>
/// <param name="Shape">Extents in the engine's layout: convolutions [out, height, width, in].</param>
/// <param name="Initializer">How it begins.</param>
/// <param name="WeightDecay">Whether weight decay applies: to matrices and convolutions, not to biases, norms, tokens and positions.</param>
/// <param name="IsStatistic">A running statistic: stored with the parameters, moved by the forward pass, never by an optimizer.</param>
public sealed record ParameterSpec(string Name, Shape Shape, Initializer Initializer, bool WeightDecay = false, bool IsStatistic = false);

/// <summary>A tensor that outlives the graph, with its gradient where it is trained.</summary>
public sealed class Parameter
{
    internal Parameter(ParameterSpec spec, TensorView data, TensorView gradient)
    {
        Spec = spec;
        Value = new Value(spec.Name, spec.Shape, DType.Float32, ValueKind.Persistent, !gradient.IsAbsent) { View = data };
        if (!gradient.IsAbsent)
            Gradient = new Value(spec.Name + ".gradient", spec.Shape, DType.Float32, ValueKind.Persistent, false) { View = gradient };
    }

    /// <summary>Name, shape, beginning.</summary>
    public ParameterSpec Spec { get; }

    /// <summary>The tensor as graphs see it.</summary>
    public Value Value { get; }

    /// <summary>Its gradient; none for frozen parameters and statistics.</summary>
    public Value? Gradient { get; }
}
