using Robustify.Kernels;
using Robustify.Native.Data.Transforms;
using Robustify.Native.Graph;
using Robustify.Native.Models;
using Robustify.Native.Models.Clip;

namespace Robustify.Native.Tests.Models.Clip;

public sealed class ClipModelTests
{
    // As openai/CLIP's notebooks print them for the published models; statistics are no parameters.
    [Theory]
    [InlineData("clip_vit_base_patch32", 512, 512, 151_277_313)]
    [InlineData("clip_vit_base_patch16", 512, 512, 149_620_737)]
    [InlineData("clip_vit_large_patch14", 768, 768, 427_616_513)]
    [InlineData("clip_resnet50", 512, 1024, 102_007_137)]
    public void APresetAndItsTextTowerHaveThePublishedNumberOfParameters(string preset, int textWidth, int embedding, long published)
    {
        var image = ModelPresets.Create(preset);
        var text = new ClipTextTower(new ClipTextOptions { Width = textWidth, Heads = textWidth / 64, MlpWidth = 4 * textWidth, EmbeddingWidth = embedding });
        Assert.Equal(embedding, image.FeatureWidth);
        Assert.Equal(published, text.Specs.Concat(image.Body).Where(s => !s.IsStatistic).Sum(s => s.Shape.Count));
        Assert.Equal(Normalization.Clip.Mean, ModelSource.Resolve(preset).Normalization.Mean);
    }

    // openai/CLIP, clip/model.py: the constructors and initialize_parameters.
    [Fact]
    public void FreshTowersBeginAsPublished()
    {
        using var transformer = Fresh(Small(new ClipVisionTransformerOptions { EmbeddingWidth = 256 }));
        Assert.Equal(1 / Math.Sqrt(24), Deviation(transformer, "pos_embed"), 0.02);
        Assert.Equal(1 / Math.Sqrt(24), Deviation(transformer, "proj.weight"), 0.01);
        Assert.Equal(1 / Math.Sqrt(3 * 24), Deviation(transformer, "blocks.0.mlp.fc1.weight"), 0.01); // A uniform one's is its limit over sqrt 3.
        Assert.Equal(Math.Sqrt(2.0 / (4 * 24)), Deviation(transformer, "blocks.0.attn.qkv.weight"), 0.01);
        using var residual = Fresh(Small(new ClipResNetOptions()));
        Assert.Equal(1 / Math.Sqrt(128), Deviation(residual, "attnpool.qkv.weight"), 0.002);
        Assert.Equal(1 / Math.Sqrt(3 * 9 * 32), Deviation(residual, "layer4.0.conv2.weight"), 0.002);
        Assert.All(residual["layer2.0.bn3.weight"].Value.View.Span.ToArray(), x => Assert.Equal(0, x));
        Assert.All(residual["layer2.0.downsample.1.weight"].Value.View.Span.ToArray(), x => Assert.Equal(1, x));
    }

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

    private static ParameterStore Fresh(IClipImageModel model)
    {
        var store = new ParameterStore(model.Body, _ => false);
        store.Initialize(3);
        return store;
    }

    private static double Deviation(ParameterStore store, string name) => Math.Sqrt(store[name].Value.View.Span.ToArray().Average(x => (double)x * x));
}
