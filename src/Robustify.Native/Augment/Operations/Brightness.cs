using Robustify.Kernels.Cuda;

namespace Robustify.Native.Augment.Operations;

/// <summary>Brightness: the degenerate is black.</summary>
internal sealed class Brightness : Enhancement
{
    /// <inheritdoc/>
    public override string Name => "brightness";

    /// <inheritdoc/>
    public override void Apply(double value, AugMixScratch scratch) => BlendConstant(0, (float)value, scratch);

    /// <inheritdoc/>
    internal override ImageStep OnDevice(double value, int width, int height) => new(ImageStepKind.Brightness, value);
}
