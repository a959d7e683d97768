using Robustify.Kernels;
using Robustify.Kernels.Random;
using Robustify.Native.Data.Images;

namespace Robustify.Native.Data.Transforms;

/// <summary>
/// Random crop and horizontal flip of a training image, in 8 bits. Images that no resized crop brings to the model's size pass
/// through the <see cref="EvaluationTransform"/> first. Owned by one worker.
/// </summary>
public sealed class StandardAugmentation
{
    private readonly StandardAugmentationOptions options;
    private readonly int size;
    private readonly IImageResizer? resizer;
    private readonly EvaluationTransform fit;
    private readonly Image8 window = new(1, 1, 1);
    private readonly Image8 result = new(1, 1, 1);

    /// <param name="options">Which crop and flip.</param>
    /// <param name="size">Side of the model's square input, in pixels.</param>
    /// <param name="shorterSide">For images that are first brought to the model's size; see <see cref="EvaluationTransform"/>.</param>
    /// <param name="resizer">The worker's own; null where every image has the model's size and there is no resized crop.</param>
    public StandardAugmentation(StandardAugmentationOptions options, int size, int shorterSide, IImageResizer? resizer)
    {
        options.Validate();
        if (options.ResizedCrop is not null && resizer is null)
            throw new RobustifyException("standard augmentation: a random resized crop needs a resizer and none was given");
        (this.options, this.size, this.resizer) = (options, size, resizer);
        fit = new EvaluationTransform(size, shorterSide, resizer);
    }

    /// <summary>The augmented image at the model's size, in a buffer that the next call overwrites. The source is not changed.</summary>
    public Image8 Apply(Image8 source, IRandomStream random)
    {
        var image = Place(source, random, out int left, out int top, out bool isFlipped);
        if (!ReferenceEquals(image, result))
            ImageGeometry.Crop(image, left, top, size, size, result);
        if (isFlipped)
            ImageGeometry.FlipHorizontally(result);
        return result;
    }

    /// <summary>
    /// An image of the model's size, which <see cref="Apply"/> would crop at (<paramref name="left"/>, <paramref name="top"/>), black outside,
    /// and mirror where told: the source itself, or a buffer that the next call overwrites.
    /// </summary>
    internal Image8 Place(Image8 source, IRandomStream random, out int left, out int top, out bool isFlipped)
    {
        Image8 image;
        (left, top) = (0, 0);
        if (options.ResizedCrop is { } resizedCrop)
        {
            var box = resizedCrop.Draw(source.Width, source.Height, random);
            ImageGeometry.Crop(source, box.Left, box.Top, box.Width, box.Height, window);
            image = window;
            if (box.Width != size || box.Height != size)
            {
                resizer!.Resize(window, size, size, result);
                image = result;
            }
        }
        else if (options.Padding > 0)
        {
            int padding = options.Padding;
            (left, top) = (random.NextInteger(0, 2 * padding + 1) - padding, random.NextInteger(0, 2 * padding + 1) - padding);
            image = fit.Apply(source);
        }
        else
        {
            image = fit.Apply(source);
        }

        isFlipped = options.FlipProbability > 0 && random.NextUniform() < options.FlipProbability;
        return image;
    }
}
