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
        if (options.ResizedCrop is { } resizedCrop)
        {
            var box = resizedCrop.Draw(source.Width, source.Height, random);
            ImageGeometry.Crop(source, box.Left, box.Top, box.Width, box.Height, window);
            if (box.Width == size && box.Height == size)
                result.CopyFrom(window);
            else
                resizer!.Resize(window, size, size, result);
        }
        else if (options.Padding > 0)
        {
            int padding = options.Padding;
            int left = random.NextInteger(0, 2 * padding + 1) - padding, top = random.NextInteger(0, 2 * padding + 1) - padding;
            ImageGeometry.Crop(fit.Apply(source), left, top, size, size, result);
        }
        else
        {
            result.CopyFrom(fit.Apply(source));
        }

        if (options.FlipProbability > 0 && random.NextUniform() < options.FlipProbability)
            ImageGeometry.FlipHorizontally(result);
        return result;
    }
}
