using Robustify.Kernels;
using Robustify.Native.Data.Images;

namespace Robustify.Native.Data.Transforms;

/// <summary>
/// torchvision's Resize(shorter side) then CenterCrop(size), with its rounding. An image that already has the model's size is
/// returned as it is. Owned by one worker.
/// </summary>
public sealed class EvaluationTransform
{
    private readonly int size;
    private readonly int shorterSide;
    private readonly IImageResizer? resizer;
    private readonly Image8 boxed = new(1, 1, 1);
    private readonly Image8 resized = new(1, 1, 1);
    private readonly Image8 cropped = new(1, 1, 1);

    /// <param name="size">Side of the model's square input, in pixels.</param>
    /// <param name="shorterSide">What the shorter side is resized to, at least <paramref name="size"/>.</param>
    /// <param name="resizer">The worker's own; null where every image has the model's size.</param>
    public EvaluationTransform(int size, int shorterSide, IImageResizer? resizer)
    {
        if (size is < 1 or > Image8.MaxSide || shorterSide < size || shorterSide > Image8.MaxSide)
            throw new RobustifyException(
                $"evaluation transform: shorter side {shorterSide}, crop {size}; use 1 <= crop <= shorter side <= {Image8.MaxSide}");
        (this.size, this.shorterSide, this.resizer) = (size, shorterSide, resizer);
    }

    /// <summary>The usual shorter side for a model: 8/7 of its input as in 256 for 224; the input itself for images of at most 64 pixels.</summary>
    public static int DefaultShorterSide(int size) => size <= 64 ? size : (int)Math.Round(size * 256.0 / 224);

    /// <summary>The image at the model's size: the source itself, or a buffer that the next call overwrites.</summary>
    /// <exception cref="RobustifyException">The size differs and there is no resizer.</exception>
    public Image8 Apply(Image8 source) => Render(source, Place(source.Width, source.Height));

    /// <summary>What <see cref="Apply"/> does to images of a size.</summary>
    internal Placement Place(int width, int height)
    {
        int newWidth = width, newHeight = height, shorter = Math.Min(width, height);
        if (shorter != shorterSide && (width != size || height != size))
        {
            int longer = (int)((long)shorterSide * Math.Max(width, height) / shorter);
            (newWidth, newHeight) = width <= height ? (shorterSide, longer) : (longer, shorterSide);
        }

        // Math.Round takes ties to the even number, as Python's round does in torchvision.
        return new(new(0, 0, width, height), newWidth, newHeight, (int)Math.Round((newWidth - size) / 2.0), (int)Math.Round((newHeight - size) / 2.0));
    }

    /// <summary>The image at the model's size as a placement has it: the source itself, or a buffer that the next call overwrites.</summary>
    /// <exception cref="RobustifyException">It resizes and there is no resizer.</exception>
    internal Image8 Render(Image8 source, in Placement placement)
    {
        var image = source;
        var box = placement.Box;
        if (box.Width != image.Width || box.Height != image.Height)
        {
            ImageGeometry.Crop(image, box.Left, box.Top, box.Width, box.Height, boxed);
            image = boxed;
        }

        if (placement.Resizes)
        {
            if (resizer is null)
                throw new RobustifyException(
                    $"evaluation transform: image is {source.Width}x{source.Height}, the model takes {size}x{size}, and no resizer was given");
            resizer.Resize(image, placement.Width, placement.Height, resized);
            image = resized;
        }

        if (image.Width == size && image.Height == size)
            return image;
        ImageGeometry.Crop(image, placement.Left, placement.Top, size, size, cropped);
        return cropped;
    }
}
