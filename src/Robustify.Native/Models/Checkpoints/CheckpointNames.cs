namespace Robustify.Native.Models.Checkpoints;

/// <summary>Names with a meaning across checkpoints.</summary>
public static class CheckpointNames
{
    /// <summary>Before the names of the frozen original tail that a split-tail student keeps beside its tuned one.</summary>
    public const string OriginalPrefix = "original.";

    /// <summary>Metadata: the number of attention heads, a decimal integer.</summary>
    public const string HeadsKey = "heads";

    /// <summary>Metadata: attention heads of a CLIP model's text tower, a decimal integer.</summary>
    public const string TextHeadsKey = "text_heads";

    /// <summary>Metadata: the activation of a CLIP model, <c>gelu</c> or <c>quick_gelu</c>.</summary>
    public const string ActivationKey = "activation";

    /// <summary>Metadata: which convolution of a bottleneck strides; <see cref="StrideOnFirst"/>, or absent for the 3x3 one.</summary>
    public const string StrideKey = "stride_on";

    /// <summary>The value of <see cref="StrideKey"/> where the first, 1x1 convolution strides.</summary>
    public const string StrideOnFirst = "first";

    /// <summary>Metadata: LayerNorm's epsilon, a decimal number in invariant culture.</summary>
    public const string LayerNormEpsilonKey = "layer_norm_eps";
}
