using Robustify.Kernels;
using Robustify.Native.Models.Clip;
using Robustify.Native.Models.ConvNext;
using Robustify.Native.Models.ResNet;
using Robustify.Native.Models.VisionTransformer;

namespace Robustify.Native.Models;

/// <summary>The architectures that go by a name, published ones under their published names.</summary>
public static class ModelPresets
{
    private static readonly SortedDictionary<string, Func<IVisionModel>> Presets = new(StringComparer.Ordinal)
    {
        ["vit_tiny_patch16_224"] = () => VisionTransformer(192, 12, 3),
        ["vit_small_patch16_224"] = () => VisionTransformer(384, 12, 6),
        ["vit_base_patch16_224"] = () => VisionTransformer(768, 12, 12),
        ["vit_large_patch16_224"] = () => VisionTransformer(1024, 24, 16),
        ["vit_huge_patch14_224"] = () => VisionTransformer(1280, 32, 16, patch: 14),
        ["resnet18"] = () => ResNet(bottleneck: false, [2, 2, 2, 2]),
        ["resnet34"] = () => ResNet(bottleneck: false, [3, 4, 6, 3]),
        ["resnet50"] = () => ResNet(bottleneck: true, [3, 4, 6, 3]),
        ["resnet101"] = () => ResNet(bottleneck: true, [3, 4, 23, 3]),
        ["resnet152"] = () => ResNet(bottleneck: true, [3, 8, 36, 3]),
        ["convnext_tiny"] = () => ConvNext([3, 3, 9, 3], 96),
        ["convnext_small"] = () => ConvNext([3, 3, 27, 3], 96),
        ["convnext_base"] = () => ConvNext([3, 3, 27, 3], 128),
        ["convnext_large"] = () => ConvNext([3, 3, 27, 3], 192),
        ["clip_vit_base_patch32"] = () => new ClipVisionTransformer(new ClipVisionTransformerOptions()),
        ["clip_vit_base_patch16"] = () => new ClipVisionTransformer(new ClipVisionTransformerOptions { PatchSize = 16 }),
        ["clip_vit_large_patch14"] = () => new ClipVisionTransformer(new ClipVisionTransformerOptions
        {
            PatchSize = 14, Width = 1024, Depth = 24, Heads = 16, MlpWidth = 4096, EmbeddingWidth = 768,
        }),
        ["clip_resnet50"] = () => new ClipResNet(new ClipResNetOptions { Heads = 32, EmbeddingWidth = 1024 }),
        ["vit_fashion"] = () => new VisionTransformer.VisionTransformer(new VisionTransformerOptions
        {
            ImageSize = 28, PatchSize = 4, Channels = 1, Width = 128, Depth = 6, Heads = 4, MlpWidth = 256, Classes = 10,
            Pooling = TokenPooling.Mean,
        }),
        ["resnet_fashion"] = () => new ResNet.ResNet(new ResNetOptions
        {
            ImageSize = 28, Channels = 1, Layers = [1, 1, 1], Widths = [16, 32, 64], StemWidth = 16, SmallImageStem = true, Classes = 10,
        }),
    };

    /// <summary>All names, sorted.</summary>
    public static IReadOnlyCollection<string> Names => Presets.Keys;

    /// <summary>Whether there is an architecture of that name.</summary>
    public static bool Contains(string name) => Presets.ContainsKey(name);

    /// <summary>The architecture of that name.</summary>
    /// <exception cref="RobustifyException">Lists the known names.</exception>
    public static IVisionModel Create(string name) => Presets.TryGetValue(name, out var create)
        ? create()
        : throw new RobustifyException($"model '{name}': no such preset and no such file; presets are {string.Join(", ", Names)}");

    private static VisionTransformer.VisionTransformer VisionTransformer(int width, int depth, int heads, int patch = 16) =>
        new(new VisionTransformerOptions { PatchSize = patch, Width = width, Depth = depth, Heads = heads, MlpWidth = 4 * width });

    private static ConvNext.ConvNext ConvNext(int[] layers, int width) =>
        new(new ConvNextOptions { Layers = layers, Widths = [width, 2 * width, 4 * width, 8 * width] });

    private static ResNet.ResNet ResNet(bool bottleneck, int[] layers) => new(new ResNetOptions { Bottleneck = bottleneck, Layers = layers });
}
