using Robustify.Native.Models;
using Robustify.Native.Models.ConvNext;
using Robustify.Native.Models.ResNet;
using Robustify.Native.Models.VisionTransformer;

namespace Robustify.Native.Tests.Models;

/// <summary>Architectures of every kind, small enough to run in milliseconds.</summary>
internal static class SmallModels
{
    public static TheoryData<string> Names =>
        ["vit", "vit mean pooling", "vit dropout", "resnet basic", "resnet bottleneck", "resnet large stem", "convnext"];

    private static VisionTransformerOptions Transformer { get; } = new()
    {
        ImageSize = 16, PatchSize = 4, Channels = 1, Width = 24, Depth = 3, Heads = 3, MlpWidth = 48, Classes = 7,
    };

    private static ResNetOptions Residual { get; } = new()
    {
        ImageSize = 16, Channels = 1, Layers = [2, 1, 2], Widths = [8, 12, 16], StemWidth = 8, SmallImageStem = true, Classes = 7,
    };

    private static ConvNextOptions Convolutional { get; } = new()
    {
        ImageSize = 16, Channels = 1, Layers = [1, 2], Widths = [12, 20], Classes = 7, StochasticDepth = 0.3f,
    };

    public static IVisionModel Create(string name) => name switch
    {
        "vit" => new VisionTransformer(Transformer),
        "vit mean pooling" => new VisionTransformer(Transformer with { Pooling = TokenPooling.Mean }),
        "vit dropout" => new VisionTransformer(Transformer with { Dropout = 0.2f, StochasticDepth = 0.3f }),
        "resnet basic" => new ResNet(Residual),
        "resnet bottleneck" => new ResNet(Residual with { Bottleneck = true, Layers = [1, 2, 1] }),
        "resnet large stem" => new ResNet(Residual with { SmallImageStem = false, ImageSize = 32 }),
        "convnext" => new ConvNext(Convolutional),
        _ => throw new ArgumentOutOfRangeException(nameof(name), name, "no such small model"),
    };
}
