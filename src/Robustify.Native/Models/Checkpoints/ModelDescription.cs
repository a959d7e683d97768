namespace Robustify.Native.Models.Checkpoints;

/// <summary>An architecture as a checkpoint tells it.</summary>
/// <param name="Channels">Channels of the input image.</param>
/// <param name="Classes">Outputs of the head; 0 where the file has no head.</param>
public abstract record ModelDescription(int Channels, int Classes);

/// <summary>A vision transformer with pre-normalisation and exact GELU (Dosovitskiy et al. 2021, section 3.1).</summary>
/// <param name="Channels">Channels of the input image.</param>
/// <param name="Classes">Outputs of the head; 0 where the file has no head.</param>
/// <param name="ImageTokens">Patches of the image, a square number; the class token is not counted.</param>
/// <param name="PatchSize">Side of a patch in pixels.</param>
/// <param name="Width">Elements of a token.</param>
/// <param name="Depth">Blocks.</param>
/// <param name="MlpWidth">Hidden elements of a block's MLP.</param>
/// <param name="Heads">Attention heads; divides the width.</param>
/// <param name="LayerNormEpsilon">Added to the variance in LayerNorm.</param>
/// <param name="HasClassToken">Whether a class token is read out; else the mean of the tokens.</param>
/// <param name="HasDistillationToken">Whether a second token stands beside the class token.</param>
/// <param name="ReadsDistillationToken">Whether it is read out with it.</param>
/// <param name="HasLayerScale">Whether each branch of a block is multiplied by a learned factor a channel.</param>
public sealed record VisionTransformerDescription(
    int Channels, int Classes, int ImageTokens, int PatchSize, int Width, int Depth, int MlpWidth, int Heads, double LayerNormEpsilon,
    bool HasClassToken = true, bool HasDistillationToken = false, bool ReadsDistillationToken = false, bool HasLayerScale = false)
    : ModelDescription(Channels, Classes)
{
    /// <summary>Side of the square image in pixels.</summary>
    public int ImageSize => (int)Math.Sqrt(ImageTokens) * PatchSize;
}

/// <summary>The two blocks of He et al. 2016.</summary>
public enum ResNetBlockKind
{
    /// <summary>Two 3x3 convolutions.</summary>
    Basic,

    /// <summary>1x1, 3x3, 1x1.</summary>
    Bottleneck,
}

/// <summary>A residual network (He et al. 2016). Strides are not in a checkpoint: the family's convention or its configuration tells.</summary>
/// <param name="Channels">Channels of the input image.</param>
/// <param name="Classes">Outputs of the head; 0 where the file has no head.</param>
/// <param name="Block">The kind of every block.</param>
/// <param name="Layers">Blocks a stage.</param>
/// <param name="StageWidths">Channels inside a stage's blocks (of the 3x3 convolutions).</param>
/// <param name="StageOutputs">Channels a stage hands on.</param>
/// <param name="StemWidth">Channels of the first convolution.</param>
/// <param name="StemKernel">7 (ImageNet stem, then max pooling) or 3 (small images).</param>
/// <param name="StridesOnFirst">Whether a bottleneck that halves the sides does so on its first convolution, not on the 3x3 one.</param>
public sealed record ResNetDescription(
    int Channels,
    int Classes,
    ResNetBlockKind Block,
    IReadOnlyList<int> Layers,
    IReadOnlyList<int> StageWidths,
    IReadOnlyList<int> StageOutputs,
    int StemWidth,
    int StemKernel,
    bool StridesOnFirst = false)
    : ModelDescription(Channels, Classes);

/// <summary>A ConvNeXt (Liu et al. 2022).</summary>
/// <param name="Channels">Channels of the input image.</param>
/// <param name="Classes">Outputs of the head; 0 where the file has no head.</param>
/// <param name="Layers">Blocks a stage.</param>
/// <param name="Widths">Channels a stage.</param>
/// <param name="Kernel">Side of the depthwise filters.</param>
/// <param name="FinalNormEpsilon">Added to the variance in the norm before the head.</param>
public sealed record ConvNextDescription(
    int Channels, int Classes, IReadOnlyList<int> Layers, IReadOnlyList<int> Widths, int Kernel, double FinalNormEpsilon)
    : ModelDescription(Channels, Classes);
