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
    private readonly EvaluationTransform fit;
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
        (this.options, this.size) = (options, size);
        fit = new EvaluationTransform(size, shorterSide, resizer);
    }

    /// <summary>The augmented image at the model's size, in a buffer that the next call overwrites. The source is not changed.</summary>
    public Image8 Apply(Image8 source, IRandomStream random)
    {
        var draw = Draw(source.Width, source.Height, random);
        ImageGeometry.Crop(Fit(source, draw.Placement), draw.Left, draw.Top, size, size, result);
        if (draw.IsFlipped)
            ImageGeometry.FlipHorizontally(result);
        return result;
    }

    /// <summary>What <see cref="Apply"/> would draw for an image of a size.</summary>
    internal StandardDraw Draw(int width, int height, IRandomStream random)
    {
        int left = 0, top = 0;
        Placement placement;
        if (options.ResizedCrop is { } resizedCrop)
        {
            placement = new(resizedCrop.Draw(width, height, random), size, size, 0, 0);
        }
        else
        {
            placement = fit.Place(width, height);
            if (options.Padding is > 0 and var padding)
                (left, top) = (random.NextInteger(0, 2 * padding + 1) - padding, random.NextInteger(0, 2 * padding + 1) - padding);
        }

        return new(placement, left, top, options.FlipProbability > 0 && random.NextUniform() < options.FlipProbability);
    }

    /// <summary>The image at the model's size, before it is cropped and mirrored: the source itself, or a buffer that the next call overwrites.</summary>
    internal Image8 Fit(Image8 source, in Placement placement) => fit.Render(source, placement);
}
