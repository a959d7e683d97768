using System.Globalization;
using Robustify.Kernels.Backends;
using Robustify.Native.Models.Clip;

namespace Robustify.Native.Models.Checkpoints;

/// <summary>A CLIP model (Radford et al., arXiv 2103.00020) as a checkpoint tells it.</summary>
/// <param name="Image">The image tower; its classes are those of a head beside it.</param>
/// <param name="Text">The text tower; null where the file holds the image tower alone.</param>
/// <param name="Activation">Of both towers' transformers.</param>
/// <param name="LayerNormEpsilon">Added to the variance in LayerNorm.</param>
public sealed record ClipDescription(ClipImageOptions Image, ClipTextOptions? Text, Activation Activation, float LayerNormEpsilon)
    : ModelDescription(Image.Channels, Image.Classes)
{
    /// <summary>What a file should say of the model that its shapes do not.</summary>
    internal Dictionary<string, string> Facts() => Facts(Image, Text, Activation, LayerNormEpsilon);

    /// <inheritdoc cref="Facts()"/>
    internal static Dictionary<string, string> Facts(ClipImageOptions image, ClipTextOptions? text, Activation activation, float epsilon)
    {
        var facts = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            [CheckpointNames.HeadsKey] = image.Heads.ToString(CultureInfo.InvariantCulture),
            [CheckpointNames.LayerNormEpsilonKey] = epsilon.ToString("R", CultureInfo.InvariantCulture),
            [CheckpointNames.ActivationKey] = activation == Activation.QuickGelu ? "quick_gelu" : "gelu",
        };
        if (text is not null)
            facts[CheckpointNames.TextHeadsKey] = text.Heads.ToString(CultureInfo.InvariantCulture);
        return facts;
    }
}
