using Robustify.Kernels;
using Robustify.Kernels.Backends;

namespace Robustify.Native.Models.Clip;

/// <summary>What the two kinds of image tower have in common.</summary>
public abstract record ClipImageOptions
{
    /// <summary>Side of the square input in pixels.</summary>
    public int ImageSize { get; init; } = 224;

    /// <summary>Colours of the input.</summary>
    public int Channels { get; init; } = 3;

    /// <summary>Length of an embedding.</summary>
    public int EmbeddingWidth { get; init; } = 512;

    /// <summary>Attention heads.</summary>
    public int Heads { get; init; } = 12;

    /// <summary>Classes of the head; 0 without one.</summary>
    public int Classes { get; init; }

    /// <summary>The tower of these sizes.</summary>
    public abstract IClipImageModel Create();

    /// <summary>Refuses sizes that do not fit together.</summary>
    /// <exception cref="RobustifyException">Names the sizes.</exception>
    public virtual void Validate()
    {
        if (ImageSize < 1 || EmbeddingWidth < 1 || Classes < 0 || Heads < 1 || Channels is not (1 or 3))
            throw new RobustifyException($"CLIP image tower: image {ImageSize}, embedding {EmbeddingWidth}, classes {Classes}, heads {Heads}, channels {Channels}: all must be positive, channels 1 or 3");
    }
}

/// <summary>A vision transformer as image tower: a norm before the blocks, no bias in the patch embedding, a projection at the end.</summary>
public sealed record ClipVisionTransformerOptions : ClipImageOptions
{
    /// <summary>Side of a patch in pixels; divides the image's.</summary>
    public int PatchSize { get; init; } = 32;

    /// <summary>Length of a token.</summary>
    public int Width { get; init; } = 768;

    /// <summary>Number of blocks.</summary>
    public int Depth { get; init; } = 12;

    /// <summary>Length of the hidden layer of a block's perceptron.</summary>
    public int MlpWidth { get; init; } = 3072;

    /// <summary>OpenAI's models have the quick form of GELU, most others the exact one; the tensors do not tell.</summary>
    public Activation Activation { get; init; } = Activation.QuickGelu;

    /// <summary>Added to variances.</summary>
    public float LayerNormEpsilon { get; init; } = 1e-5f;

    /// <inheritdoc/>
    public override IClipImageModel Create() => new ClipVisionTransformer(this);

    /// <inheritdoc/>
    public override void Validate()
    {
        base.Validate();
        if (PatchSize < 1 || ImageSize % PatchSize != 0)
            throw new RobustifyException($"CLIP image tower: image {ImageSize} and patch {PatchSize} found, the patch must divide the image");
        if (Width < 1 || Width % Heads != 0 || Depth < 1 || MlpWidth < 1)
            throw new RobustifyException($"CLIP image tower: width {Width}, {Heads} heads, depth {Depth}, perceptron {MlpWidth} found, positive ones expected and heads that divide the width");
    }
}

/// <summary>
/// The ModifiedResNet of CLIP's RN50 and its like: a stem of three convolutions, average pooling where a ResNet strides, and an attention
/// pool at the end. Stages have widths w, 2w, 4w, 8w of bottleneck blocks.
/// </summary>
public sealed record ClipResNetOptions : ClipImageOptions
{
    /// <summary>Sides after the last stage are this many times shorter.</summary>
    public const int Reduction = 32;

    /// <summary>Blocks of each of the four stages.</summary>
    public IReadOnlyList<int> Layers { get; init; } = [3, 4, 6, 3];

    /// <summary>Width w of the first stage's blocks, even.</summary>
    public int Width { get; init; } = 64;

    /// <summary>Channels after the last stage.</summary>
    public int OutputWidth => Width * Reduction;

    /// <inheritdoc/>
    public override IClipImageModel Create() => new ClipResNet(this);

    /// <inheritdoc/>
    public override void Validate()
    {
        base.Validate();
        if (Layers.Count != 4 || Layers.Any(x => x < 1) || Width < 2 || Width % 2 != 0)
            throw new RobustifyException($"CLIP ResNet: stages of {string.Join("-", Layers)} blocks and width {Width} found, four positive numbers and an even width expected");
        if (ImageSize % Reduction != 0 || OutputWidth % Heads != 0)
            throw new RobustifyException($"CLIP ResNet: image {ImageSize} and {Heads} heads for width {OutputWidth} found, an image that is a multiple of {Reduction} and heads that divide the width expected");
    }
}
