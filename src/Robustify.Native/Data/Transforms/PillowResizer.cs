using Robustify.Native.Data.Images;

namespace Robustify.Native.Data.Transforms;

/// <summary>Bilinear with antialiasing, as torchvision resizes PIL images.</summary>
public sealed class PillowResizer : IImageResizer
{
    private readonly Resampler resampler = new();

    /// <inheritdoc/>
    public void Resize(Image8 source, int width, int height, Image8 destination) =>
        resampler.Resize(source, destination, width, height, ResampleFilter.Bilinear);
}
