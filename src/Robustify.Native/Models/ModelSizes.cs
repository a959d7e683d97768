
namespace Robustify.Native.Models;

/// <summary>The same architecture for other images or other classes.</summary>
internal static class ModelSizes
{
    /// <summary>The model itself where both are null.</summary>
    public static IVisionModel With(this IVisionModel model, int? imageSize, int? classes)
    {
        if (imageSize is null && classes is null)
            return model;
        (int size, int count) = (imageSize ?? model.ImageSize, classes ?? model.Classes);
        return model switch
        {
            VisionTransformer.VisionTransformer transformer => new VisionTransformer.VisionTransformer(
                transformer.Options with { ImageSize = size, Classes = count }),
            Clip.IClipImageModel clip => (clip.Options with { ImageSize = size, Classes = count }).Create(),
            ResNet.ResNet residual => new ResNet.ResNet(residual.Options with { ImageSize = size, Classes = count }),
            ConvNext.ConvNext convolutional => new ConvNext.ConvNext(convolutional.Options with { ImageSize = size, Classes = count }),
            _ => throw new NotSupportedException($"{model.GetType().Name} has no other sizes"),
        };
    }
}
