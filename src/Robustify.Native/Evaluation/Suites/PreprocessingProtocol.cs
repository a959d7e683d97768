using Robustify.Native.Data.Images;
using Robustify.Native.Data.Transforms;
using Robustify.Native.Models;

namespace Robustify.Native.Evaluation.Suites;

/// <summary>How images are brought to a model's size; the published figures differ by which of these was used.</summary>
public enum PreprocessingProtocol
{
    /// <summary>
    /// What belongs to the checkpoints; stored corrupted images straight to the input, with their filter. Where the models differ in it,
    /// <see cref="Hendrycks224"/>, as all of them answer the same pixels.
    /// </summary>
    Checkpoint,

    /// <summary>
    /// That of the ImageNet-C authors: stored corrupted images of 224 pixels as they are (straight to the input of models of other sizes),
    /// others shorter side to 8/7 of the input, bilinear, centre crop.
    /// </summary>
    Hendrycks224,

    /// <summary>That of timm: every image, stored corrupted ones too, shorter side to input / 0.875 (0.9 for transformers), bicubic, centre crop.</summary>
    Timm,

    /// <summary>That of RobustBench: stored corrupted images straight to the input; others as <see cref="Hendrycks224"/>; 5000 images unless a limit is given.</summary>
    RobustBench,
}

/// <summary>What each protocol does.</summary>
internal static class PreprocessingProtocols
{
    /// <summary>The name as <c>--protocol</c> takes it.</summary>
    public static string Name(this PreprocessingProtocol protocol) => protocol switch
    {
        PreprocessingProtocol.Checkpoint => "checkpoint",
        PreprocessingProtocol.Timm => "timm",
        PreprocessingProtocol.RobustBench => "robustbench",
        _ => "hendrycks-224",
    };

    /// <summary>The geometry for a model.</summary>
    /// <param name="protocol">Which.</param>
    /// <param name="size">Side of the model's input.</param>
    /// <param name="isTransformer">timm crops less for them.</param>
    /// <param name="isStored">Whether images come corrupted, at the size of their set.</param>
    /// <param name="own">What belongs to the checkpoints; null where they differ.</param>
    public static InputGeometry Geometry(
        this PreprocessingProtocol protocol, int size, bool isTransformer, bool isStored, Preprocessing? own = null) => protocol switch
    {
        PreprocessingProtocol.Checkpoint when own is not null => isStored
            ? new() { Size = size, Filter = own.Interpolation }
            : InputGeometry.Of(own, size),
        PreprocessingProtocol.Timm when size > 64 => new()
        {
            Size = size, ShorterSide = (int)Math.Floor(size / (isTransformer ? 0.9 : 0.875)), Filter = ResampleFilter.Bicubic, KeepsFitting = false,
        },
        _ when isStored => new() { Size = size },
        _ => InputGeometry.Standard(size),
    };
}
