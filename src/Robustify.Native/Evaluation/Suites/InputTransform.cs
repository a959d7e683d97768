using Robustify.Kernels;
using Robustify.Native.Data.Images;

namespace Robustify.Native.Evaluation.Suites;

/// <summary>Applies an <see cref="InputGeometry"/>; owned by one worker, whose buffers it keeps.</summary>
internal sealed class InputTransform(InputGeometry geometry)
{
    private readonly Resampler resampler = new();
    private readonly Image8 inner = new(1, 1, 1);
    private readonly Image8 resized = new(1, 1, 1);
    private readonly Image8 cropped = new(1, 1, 1);

    /// <summary>The image at the model's size: the source itself, or a buffer that the next call overwrites.</summary>
    public Image8 Apply(Image8 source)
    {
        int size = geometry.Size;
        var image = source;
        if (geometry.Border > 0)
        {
            int width = source.Width - 2 * geometry.Border, height = source.Height - 2 * geometry.Border;
            if (width < 1 || height < 1)
                throw new RobustifyException($"{source.Width}x{source.Height} pixels found, nothing is left without a border of {geometry.Border}");
            Cropping.Crop(source, inner, geometry.Border, geometry.Border, width, height);
            image = inner;
        }

        if (geometry.KeepsFitting && image.Width == size && image.Height == size)
            return image;
        if (geometry.ShorterSide is not { } shorter)
        {
            resampler.Resize(image, resized, size, size, geometry.Filter);
            return resized;
        }

        if (Math.Min(image.Width, image.Height) != shorter)
        {
            resampler.ResizeShorterSide(image, resized, shorter, geometry.Filter);
            image = resized;
        }

        if (image.Width == size && image.Height == size)
            return image;
        Cropping.CenterCrop(image, cropped, size, size);
        return cropped;
    }
}
