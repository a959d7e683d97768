using Robustify.Kernels;
using Robustify.Native.Data.Images;

namespace Robustify.Native.Data.Transforms;

/// <summary>Which crop and flip a training image gets.</summary>
public sealed record StandardAugmentationOptions
{
    /// <summary>No crop, no flip.</summary>
    public static StandardAugmentationOptions None { get; } = new();

    /// <summary>The usual recipe for small images: random crop with 4 pixels of black padding, and flip.</summary>
    public static StandardAugmentationOptions SmallImages { get; } = new() { Padding = 4, FlipProbability = 0.5 };

    /// <summary>The usual recipe for photographs: random resized crop, and flip.</summary>
    public static StandardAugmentationOptions Photographs { get; } = new() { ResizedCrop = new ResizedCrop(), FlipProbability = 0.5 };

    /// <summary>Black pixels added on each side before a random crop of the model's size; 0 for no crop.</summary>
    public int Padding { get; init; }

    /// <summary>The random resized crop; null for none.</summary>
    public ResizedCrop? ResizedCrop { get; init; }

    /// <summary>Probability of a mirror image, 0 to 1.</summary>
    public double FlipProbability { get; init; }

    /// <summary>Refuses values outside their range.</summary>
    public void Validate()
    {
        if (Padding is < 0 or > Image8.MaxSide)
            throw new RobustifyException($"standard augmentation: padding {Padding} is outside 0..{Image8.MaxSide}");
        if (!(FlipProbability >= 0 && FlipProbability <= 1))
            throw new RobustifyException($"standard augmentation: flip probability {FlipProbability} is outside 0..1");
        if (Padding > 0 && ResizedCrop is not null)
            throw new RobustifyException("standard augmentation: both a padded crop and a resized crop were asked for; choose one");
        ResizedCrop?.Validate();
    }
}
