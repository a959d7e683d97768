using Robustify.Native.Graph;
using Robustify.Native.Models;

namespace Robustify.Native.Tests.Models;

/// <summary>Costs against counts by hand.</summary>
public sealed class ModelCostTests
{
    // A block of ViT-B/16 at 224 pixels: queries, keys, values and the projection; scores and weighted values; the perceptron.
    private const long Tokens = 14 * 14 + 1, Width = 768, Perceptron = 3072;
    private const long Embedding = 14 * 14 * Width * (16 * 16 * 3), Classifier = Width * 1000;
    private const long Matrices = Tokens * (3 * Width * Width + Width * Width) + 2 * Tokens * Width * Perceptron, Attention = 2 * Tokens * Tokens * Width;

    private static readonly IVisionModel ViTBase = ModelPresets.Create("vit_base_patch16_224");

    [Fact]
    public void MultiplyAddsOfViTBaseAreThoseCountedByHand()
    {
        Assert.Equal(Embedding + 12 * (Matrices + Attention) + Classifier, ModelCost.MultiplyAdds(ViTBase));
        // torchvision publishes 17.56 for vit_b_16.
        Assert.Equal(17.56, ModelCost.MultiplyAdds(ViTBase) / 1e9, 2);
    }

    [Fact]
    public void TrainingAllOfViTBaseTakesAboutThreeForwardPasses()
    {
        var cost = ModelCost.Training(ViTBase, _ => true);
        Assert.Equal(ModelCost.MultiplyAdds(ViTBase), cost.Forward);
        Assert.Equal(Embedding + 12 * Matrices + Classifier, cost.WeightGradient);
        // No gradient of the pixels is wanted; attention has two operands a product.
        Assert.Equal(12 * (Matrices + 2 * Attention) + Classifier, cost.DataGradient);
        Assert.Equal(35.1, cost.ForwardFlops / 1e9, 1);
        Assert.Equal(105.2, (cost.ForwardFlops + cost.BackwardFlops) / 1e9, 1);
    }

    [Fact]
    public void FrozenTrunkHasNoBackwardPassAndAFrozenMiddleTheDataGradientAlone()
    {
        var tail = ModelCost.Training(ViTBase, spec => spec.Name.StartsWith("head", StringComparison.Ordinal) || ViTBase.BlockOf(spec.Name) >= 10);
        Assert.Equal(2 * Matrices + Classifier, tail.WeightGradient);
        // The first tuned block's norm is trained too, so its first matrix still passes a gradient on.
        Assert.Equal(2 * (Matrices + 2 * Attention) + Classifier, tail.DataGradient);

        var stem = ModelCost.Training(ViTBase, spec => ViTBase.BlockOf(spec.Name) == -1 && !spec.Name.StartsWith("head", StringComparison.Ordinal));
        Assert.Equal(Embedding, stem.WeightGradient);
        Assert.Equal(12 * (Matrices + 2 * Attention) + Classifier, stem.DataGradient);

        var head = ModelCost.Training(ViTBase, spec => spec.Name.StartsWith("head", StringComparison.Ordinal));
        Assert.Equal(new MultiplyAdds(ModelCost.MultiplyAdds(ViTBase), DataGradient: 0, WeightGradient: Classifier), head);
    }

    [Fact]
    public void MultiplyAddsOfResNet50AreThoseCountedByHand()
    {
        const long stem = 112L * 112 * 64 * 7 * 7 * 3;
        long total = stem + 2048 * 1000;
        (int Blocks, int Side, int Width, int Input)[] stages = [(3, 56, 64, 64), (4, 28, 128, 256), (6, 14, 256, 512), (3, 7, 512, 1024)];
        foreach (var (blocks, side, width, input) in stages)
        {
            int first = input == 64 ? side : 2 * side;
            long area = (long)side * side;
            total += (long)first * first * input * width + area * (9L * width * width + 4L * width * width + 4L * width * input);
            total += (blocks - 1) * area * (4L * width * width + 9L * width * width + 4L * width * width);
        }

        var model = ModelPresets.Create("resnet50");
        Assert.Equal(total, ModelCost.MultiplyAdds(model));
        Assert.Equal(new MultiplyAdds(total, total - stem, total), ModelCost.Training(model, _ => true));
        // 8.2 forward; three times that, but for the gradient of the pixels.
        Assert.Equal(8.2, 2 * total / 1e9, 1);
    }

    // torchvision's table of GFLOPS, in which an addition and its multiplication count one.
    [Theory]
    [InlineData("resnet18", 1.81)]
    [InlineData("resnet34", 3.66)]
    [InlineData("resnet50", 4.09)]
    [InlineData("resnet101", 7.80)]
    [InlineData("vit_large_patch16_224", 61.55)]
    [InlineData("convnext_tiny", 4.46)]
    [InlineData("convnext_small", 8.68)]
    [InlineData("convnext_base", 15.35)] // Its metadata has 15.355.
    [InlineData("convnext_large", 34.36)]
    public void MultiplyAddsAreThosePublished(string preset, double billions) =>
        Assert.Equal(billions, ModelCost.MultiplyAdds(ModelPresets.Create(preset)) / 1e9, 2);

    [Fact]
    public void MemoryToTrainGrowsWithTheBatchAndExceedsThatToAnswer()
    {
        var model = ModelPresets.Create("vit_fashion");
        long one = ModelCost.InferenceBytes(model, 1), eight = ModelCost.InferenceBytes(model, 8);
        Assert.InRange(eight, 7 * one, 8 * one + 1024);
        Assert.True(ModelCost.TrainingBytes(model, 8) > 2 * eight);
    }
}
