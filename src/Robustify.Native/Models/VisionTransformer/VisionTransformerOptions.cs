using Robustify.Kernels;
using Robustify.Kernels.Backends;

namespace Robustify.Native.Models.VisionTransformer;

/// <summary>How a token sequence becomes one feature vector.</summary>
public enum TokenPooling
{
    /// <summary>The class token after the final norm.</summary>
    ClassToken,

    /// <summary>The mean of the patch tokens, then the final norm; there is no class token.</summary>
    Mean,

    /// <summary>
    /// The class token and the distillation token after the final norm, side by side (DeiT, Touvron et al., arXiv 2012.12877): two heads
    /// whose answers are averaged are one head on both.
    /// </summary>
    ClassAndDistillationTokens,

    /// <summary>The class token after the final norm; a distillation token stands beside it and is not read (Hugging Face's DeiTForImageClassification).</summary>
    ClassBesideDistillationToken,
}

/// <summary>A Vision Transformer's sizes (Dosovitskiy et al., arXiv 2010.11929).</summary>
public sealed record VisionTransformerOptions
{
    /// <summary>Side of the square input in pixels.</summary>
    public int ImageSize { get; init; } = 224;

    /// <summary>Side of a patch in pixels; divides the image's.</summary>
    public int PatchSize { get; init; } = 16;

    /// <summary>1 (grey) or 3 (RGB).</summary>
    public int Channels { get; init; } = 3;

    /// <summary>Length of a token.</summary>
    public int Width { get; init; } = 768;

    /// <summary>Number of blocks.</summary>
    public int Depth { get; init; } = 12;

    /// <summary>Attention heads; divides the width.</summary>
    public int Heads { get; init; } = 12;

    /// <summary>Length of the hidden layer of a block's perceptron.</summary>
    public int MlpWidth { get; init; } = 3072;

    /// <summary>Classes of the head; 0 without one.</summary>
    public int Classes { get; init; } = 1000;

    /// <summary>GELU with the error function, or CLIP's quick form.</summary>
    public Activation Activation { get; init; } = Activation.Gelu;

    /// <summary>How a sequence becomes one vector.</summary>
    public TokenPooling Pooling { get; init; } = TokenPooling.ClassToken;

    /// <summary>Added to variances.</summary>
    public float LayerNormEpsilon { get; init; } = 1e-6f;

    /// <summary>Probability that dropout after attention and perceptron drops an element in training.</summary>
    public float Dropout { get; init; }

    /// <summary>Probability that the last block is skipped in training; it grows linearly from 0 at the first.</summary>
    public float StochasticDepth { get; init; }

    /// <summary>Whether each branch of a block is multiplied by a learned factor a channel, as in DeiT III (Touvron et al., arXiv 2204.07118).</summary>
    public bool HasLayerScale { get; init; }

    /// <summary>Tokens that become features.</summary>
    public int ReadTokens => Pooling == TokenPooling.ClassAndDistillationTokens ? 2 : 1;

    /// <summary>Tokens before those of the patches.</summary>
    public int PrefixTokens => Pooling switch { TokenPooling.Mean => 0, TokenPooling.ClassToken => 1, _ => 2 };

    /// <summary>Refuses sizes that do not fit together.</summary>
    /// <exception cref="RobustifyException">Names the sizes and what would fit.</exception>
    public void Validate()
    {
        if (ImageSize < 1 || PatchSize < 1 || ImageSize % PatchSize != 0)
            throw new RobustifyException($"vision transformer: image {ImageSize} and patch {PatchSize} found, the patch must divide the image");
        if (Heads < 1 || Width < 1 || Width % Heads != 0)
            throw new RobustifyException($"vision transformer: width {Width} and {Heads} heads found, the heads must divide the width");
        if (PrefixTokens > 1 && ImageSize / PatchSize % 2 != 0)
        {
            throw new RobustifyException(
                $"vision transformer: image {ImageSize} and patch {PatchSize} found, an even number of patches a side expected with a distillation token");
        }

        if (Depth < 1 || MlpWidth < 1 || Classes < 0 || Channels is not (1 or 3))
            throw new RobustifyException($"vision transformer: depth {Depth}, perceptron {MlpWidth}, classes {Classes}, channels {Channels}: all must be positive (classes may be 0), channels 1 or 3");
    }
}
