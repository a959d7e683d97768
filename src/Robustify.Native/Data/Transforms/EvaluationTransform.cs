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
    public Image8 Apply(Image8 source)
    {
        if (source.Width == size && source.Height == size)
            return source;
        var image = source;
        int shorter = Math.Min(source.Width, source.Height);
        if (shorter != shorterSide)
        {
            if (resizer is null)
                throw new RobustifyException(
                    $"evaluation transform: image is {source.Width}x{source.Height}, the model takes {size}x{size}, and no resizer was given");
            int longer = (int)((long)shorterSide * Math.Max(source.Width, source.Height) / shorter);
            if (source.Width <= source.Height)
                resizer.Resize(source, shorterSide, longer, resized);
            else
                resizer.Resize(source, longer, shorterSide, resized);
            image = resized;
        }

        // Math.Round takes ties to the even number, as Python's round does in torchvision.
        int left = (int)Math.Round((image.Width - size) / 2.0), top = (int)Math.Round((image.Height - size) / 2.0);
        ImageGeometry.Crop(image, left, top, size, size, cropped);
        return cropped;
    }
}
