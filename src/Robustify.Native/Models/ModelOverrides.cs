using Robustify.Kernels.Backends;
using Robustify.Native.Models.Checkpoints;

namespace Robustify.Native.Models;

/// <summary>What a user wants otherwise than a checkpoint says; null leaves it as it is.</summary>
public sealed record ModelOverrides
{
    /// <summary>Side of the square input in pixels; learned positions are interpolated to it.</summary>
    public int? ImageSize { get; init; }

    /// <summary>Classes of a fresh head in the place of the checkpoint's.</summary>
    public int? Classes { get; init; }

    /// <summary>Whose names the tensors bear, where telling it from the names is not wanted.</summary>
    public CheckpointFamily? Family { get; init; }

    /// <summary>The activation of a CLIP model, which its tensors do not tell.</summary>
    public Activation? Activation { get; init; }

    /// <summary>How pictures become input.</summary>
    public PreprocessingOverrides Preprocessing { get; init; } = new();
}
