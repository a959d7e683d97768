using Robustify.Native.Models;

namespace Robustify.Native.Tests.Models;

/// <summary>Costs against counts by hand.</summary>
public sealed class ModelCostTests
{
    [Fact]
    public void MultiplyAddsOfViTBaseAreThoseCountedByHand()
    {
        const long tokens = 14 * 14 + 1, width = 768, perceptron = 3072;
        long embedding = 14 * 14 * width * (16 * 16 * 3);
        long projections = tokens * (3 * width * width + width * width), attention = 2 * tokens * tokens * width;
        long block = projections + attention + 2 * tokens * width * perceptron;
        Assert.Equal(embedding + 12 * block + width * 1000, ModelCost.MultiplyAdds(ModelPresets.Create("vit_base_patch16_224")));
        // torchvision publishes 17.56 for vit_b_16.
        Assert.Equal(17.56, ModelCost.MultiplyAdds(ModelPresets.Create("vit_base_patch16_224")) / 1e9, 2);
    }

    [Fact]
    public void MultiplyAddsOfResNet50AreThoseCountedByHand()
    {
        long total = 112L * 112 * 64 * 7 * 7 * 3 + 2048 * 1000;
        (int Blocks, int Side, int Width, int Input)[] stages = [(3, 56, 64, 64), (4, 28, 128, 256), (6, 14, 256, 512), (3, 7, 512, 1024)];
        foreach (var (blocks, side, width, input) in stages)
        {
            int first = input == 64 ? side : 2 * side;
            long area = (long)side * side;
            total += (long)first * first * input * width + area * (9L * width * width + 4L * width * width + 4L * width * input);
            total += (blocks - 1) * area * (4L * width * width + 9L * width * width + 4L * width * width);
        }

        Assert.Equal(total, ModelCost.MultiplyAdds(ModelPresets.Create("resnet50")));
    }

    // torchvision's table of GFLOPS, in which an addition and its multiplication count one.
    [Theory]
    [InlineData("resnet18", 1.81)]
    [InlineData("resnet34", 3.66)]
    [InlineData("resnet50", 4.09)]
    [InlineData("resnet101", 7.80)]
    [InlineData("vit_large_patch16_224", 61.55)]
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
