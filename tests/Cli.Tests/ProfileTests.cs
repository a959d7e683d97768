using System.Text.Json;

namespace Robustify.Cli.Tests;

public sealed class ProfileTests
{
    [Theory]
    [InlineData("resnet_fashion.forward")]
    [InlineData("vit_fashion.train")]
    [InlineData("convolution.backward")]
    [InlineData("augment.augmix")]
    public void A_work_is_timed_on_the_cpu_without_a_kernel_table(string work)
    {
        using var result = JsonDocument.Parse(Call.Succeeding("profile", work, "--device", "cpu", "--batch", "1", "--seconds", "0", "--json").Out);
        var root = result.RootElement;
        double milliseconds = root.GetProperty("milliseconds").GetDouble();
        Assert.True(milliseconds > 0);
        // Both are rounded for the report.
        Assert.InRange(root.GetProperty("images_per_second").GetDouble() * milliseconds / 1000, 0.99, 1.01);
        Assert.Equal(("fp32", 0), (root.GetProperty("precision").GetString(), root.GetProperty("kernels").GetArrayLength()));
    }

    [Fact]
    public void A_work_without_that_name_is_refused_with_the_names_there_are()
    {
        var call = Call.InProcess("profile", "vit_base_patch16_224", "--device", "cpu");
        Assert.Equal(2, call.Code);
        Assert.Contains("PRESET.train", Assert.Single(call.ErrorLines));
        Assert.Contains("augment. with one of augmix, pixmix, noise2net, standard expected", Assert.Single(Call.InProcess("profile", "augment.cutmix", "--device", "cpu").ErrorLines));
    }
}
