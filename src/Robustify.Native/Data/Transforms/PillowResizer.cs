using Robustify.Native.Data.Images;

namespace Robustify.Native.Data.Transforms;

/// <summary>With antialiasing, as torchvision resizes PIL images.</summary>
/// <param name="filter">How pixels are weighed.</param>
public sealed class PillowResizer(ResampleFilter filter = ResampleFilter.Bilinear) : IImageResizer
{
    private readonly Resampler resampler = new();

    /// <summary>How pixels are weighed.</summary>
    internal ResampleFilter Filter => filter;

    /// <summary>The weights of one axis, of any filter but the nearest pixel.</summary>
    internal ResampleWeights Weights(int source, int target) => resampler.Table(source, target, filter);

    /// <inheritdoc/>
    public void Resize(Image8 source, int width, int height, Image8 destination) =>
        resampler.Resize(source, destination, width, height, filter);
}
