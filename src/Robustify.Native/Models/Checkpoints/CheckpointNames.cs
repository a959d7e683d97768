namespace Robustify.Native.Models.Checkpoints;

/// <summary>Names with a meaning across checkpoints.</summary>
public static class CheckpointNames
{
    /// <summary>Before the names of the frozen original tail that a split-tail student keeps beside its tuned one.</summary>
    public const string OriginalPrefix = "original.";

    /// <summary>Metadata: the number of attention heads, a decimal integer.</summary>
    public const string HeadsKey = "heads";

    /// <summary>Metadata: LayerNorm's epsilon, a decimal number in invariant culture.</summary>
    public const string LayerNormEpsilonKey = "layer_norm_eps";
}
