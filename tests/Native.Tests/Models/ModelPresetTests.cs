using Robustify.Kernels;
using Robustify.Native.Models;

namespace Robustify.Native.Tests.Models;

public sealed class ModelPresetTests
{
    // timm's and torchvision's published counts of the models with 1000 classes.
    [Theory]
    [InlineData("vit_tiny_patch16_224", 5_717_416)]
    [InlineData("vit_small_patch16_224", 22_050_664)]
    [InlineData("vit_base_patch16_224", 86_567_656)]
    [InlineData("vit_large_patch16_224", 304_326_632)]
    [InlineData("vit_huge_patch14_224", 632_045_800)]
    [InlineData("convnext_tiny", 28_589_128)]
    [InlineData("convnext_small", 50_223_688)]
    [InlineData("convnext_base", 88_591_464)]
    [InlineData("convnext_large", 197_767_336)]
    [InlineData("resnet18", 11_689_512)]
    [InlineData("resnet34", 21_797_672)]
    [InlineData("resnet50", 25_557_032)]
    [InlineData("resnet101", 44_549_160)]
    [InlineData("resnet152", 60_192_808)]
    public void PresetHasThePublishedNumberOfParameters(string name, long published) =>
        Assert.Equal(published, ModelPresets.Create(name).AllSpecs().Where(s => !s.IsStatistic).Sum(s => s.Shape.Count));

    [Fact]
    public void EveryPresetHasUniqueTensorNames()
    {
        foreach (string name in ModelPresets.Names)
            Assert.Distinct(ModelPresets.Create(name).AllSpecs().Select(s => s.Name));
    }

    [Fact]
    public void AnUnknownNameIsRefusedInOneLineThatListsThePresets()
    {
        var error = Assert.Throws<RobustifyException>(() => ModelPresets.Create("vit_enormous"));
        Assert.DoesNotContain('\n', error.Message);
        Assert.All([.. ModelPresets.Names, "vit_enormous"], name => Assert.Contains(name, error.Message));
    }

    // Weight decay moves matrices and convolutions alone: on a norm's scale or a position it would pull towards a meaningless zero.
    [Fact]
    public void OnlyMatricesAndConvolutionsDecay()
    {
        foreach (string name in ModelPresets.Names)
        {
            foreach (var spec in ModelPresets.Create(name).AllSpecs())
                Assert.Equal(spec.Shape.Rank > 1 && spec.Name.EndsWith(".weight", StringComparison.Ordinal), spec.WeightDecay);
        }
    }
}
