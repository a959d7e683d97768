using Robustify.Kernels;
using Robustify.Native.Graph;
using Robustify.Native.Models;
using Robustify.Native.Models.Clip;

namespace Robustify.Native.Tests.Models.Clip;

public sealed class ClipModelTests
{
    // As openai/CLIP's notebooks print them for the published models; statistics are no parameters.
    [Fact]
    public void ViTB32HasThePublishedNumberOfParameters() => Assert.Equal(151_277_313, Count(new ClipVisionTransformerOptions(), new ClipTextOptions()));

    [Fact]
    public void ViTB16HasThePublishedNumberOfParameters() =>
        Assert.Equal(149_620_737, Count(new ClipVisionTransformerOptions { PatchSize = 16 }, new ClipTextOptions()));

    [Fact]
    public void ViTL14HasThePublishedNumberOfParameters() => Assert.Equal(427_616_513, Count(
        new ClipVisionTransformerOptions { PatchSize = 14, Width = 1024, Depth = 24, Heads = 16, MlpWidth = 4096, EmbeddingWidth = 768 },
        new ClipTextOptions { Width = 768, Heads = 12, MlpWidth = 3072, EmbeddingWidth = 768 }));

    [Fact]
    public void RN50HasThePublishedNumberOfParameters() =>
        Assert.Equal(102_007_137, Count(new ClipResNetOptions { Heads = 32, EmbeddingWidth = 1024 }, new ClipTextOptions { EmbeddingWidth = 1024 }));

    [Fact]
    public void ATowerCutAnywhereIsTheWholeTower()
    {
        foreach (var model in (IClipImageModel[])[Small(new ClipVisionTransformerOptions()), Small(new ClipResNetOptions())])
        {
            foreach (var spec in model.Body)
                Assert.InRange(model.BlockOf(spec.Name), -1, model.BlockCount);
            Assert.Equal(model.BlockCount, model.BlockOf(model.Body[^1].Name));
            Assert.Equal(-1, model.BlockOf(model.Body[0].Name));
            Assert.Equal(Enumerable.Range(-1, model.BlockCount + 2), model.Body.Select(s => model.BlockOf(s.Name)).Distinct().Order());
        }
    }

    [Theory]
    [InlineData(30, 8, 2, "the patch must divide the image")]
    [InlineData(32, 8, 3, "heads that divide the width")]
    [InlineData(32, 0, 2, "the patch must divide the image")]
    public void SizesThatDoNotFitAreRefused(int image, int patch, int heads, string reason)
    {
        var error = Assert.Throws<RobustifyException>(() => new ClipVisionTransformer(new ClipVisionTransformerOptions { ImageSize = image, PatchSize = patch, Heads = heads, Width = 32 }));
        Assert.Contains(reason, error.Message, StringComparison.Ordinal);
        Assert.Throws<RobustifyException>(() => new ClipResNet(new ClipResNetOptions { ImageSize = 40, Heads = 32 }));
        Assert.Throws<RobustifyException>(() => new ClipTextTower(new ClipTextOptions { Heads = 7 }));
    }

    private static IClipImageModel Small(ClipImageOptions options) => options switch
    {
        ClipVisionTransformerOptions transformer => (transformer with { Width = 24, Depth = 3, MlpWidth = 32 }).Create(),
        ClipResNetOptions residual => (residual with { Width = 4, Layers = [1, 1, 2, 1], Heads = 2 }).Create(),
        _ => throw new NotSupportedException(),
    };

    private static long Count(ClipImageOptions image, ClipTextOptions text) =>
        new ClipTextTower(text).Specs.Concat(image.Create().Body).Where(s => !s.IsStatistic).Sum(s => s.Shape.Count);
}
