using Robustify.Kernels;
using Robustify.Native.Augment;
using Robustify.Native.Workflows.Comparison;
using Robustify.Native.Workflows.Comparison.Schemes;

namespace Robustify.Native.Tests.Workflows;

/// <summary>A recipe's scheme takes every option of augmentation that the verbs take.</summary>
public sealed class AugmentationReaderTests
{
    private const string EveryOption = """
        { "augment": "pixmix", "augment_severity": 2, "augment_operations": "all", "augmix_width": 5, "augmix_depth": 2, "augmix_alpha": 0.5,
          "augmix_levels": "highest", "pixmix_rounds": 6, "pixmix_beta": 2.5, "pixmix_pictures": "pictures", "noise_share": 0.25,
          "noise_weakest": 0.1, "noise_strongest": 0.9 }
        """;

    [Fact]
    public void EveryOptionIsRead()
    {
        var expected = new AugmentationOptions
        {
            Kind = MixtureKind.Pixmix, Severity = 2, Operations = OperationSet.All, Beta = 2.5, NoiseShare = 0.25,
            AugMix = new() { Width = 5, Depth = 2, Alpha = 0.5, FixedLevel = true }, PixMix = new() { Rounds = 6, Pictures = "pictures" },
            NoiseNetwork = new() { Weakest = 0.1, Strongest = 0.9 },
        };
        var json = Open(EveryOption);
        Assert.Equal(expected, AugmentationReader.Read(json, new AugmentationOptions()));
        json.RequireNothingElse();
        Assert.Equal(13, json.Resolved.Count);
    }

    [Fact]
    public void WhatIsLeftOutIsTheSchemesOwnAndTheKindAloneIsResolved()
    {
        var standard = new AugmentationOptions { Kind = MixtureKind.Pixmix, AugMix = new() { Width = 4 } };
        var json = Open("{}");
        Assert.Equal(standard, AugmentationReader.Read(json, standard));
        Assert.Equal(["augment"], json.Resolved.Keys); // A comparison of an earlier version has no other, and is not trained again.
    }

    [Theory]
    [InlineData("teacher")]
    [InlineData("full")]
    [InlineData("distill")]
    public void TheSchemeTrainsByThem(string kind)
    {
        string file = Path.GetTempFileName();
        try
        {
            File.WriteAllText(file, $$"""
                { "large": "vit_fashion", "small": "resnet_fashion",
                  "schemes": [ { "scheme": "teacher", "name": "first" }, { "scheme": "{{kind}}", "augmix_width": 7, "noise_share": 0.5 } ] }
                """);
            var options = ComparisonRecipe.Open(file).Schemes[1] switch
            {
                TuningScheme tuning => tuning.Training.Augmentation,
                DistillationScheme distillation => distillation.Training.Augmentation,
                var other => throw new InvalidOperationException(other.Kind),
            };
            Assert.Equal((7, 0.5), (options.AugMix.Width, options.NoiseShare));
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Theory]
    [InlineData("\"augmix_width\": 17", "$.augmix_width: 17 found, a whole number of 1..16 expected")]
    [InlineData("\"augmix_levels\": \"low\"", "$.augmix_levels: \"low\" found, one of drawn, highest expected")]
    [InlineData("\"pixmix_beta\": 0", "$.pixmix_beta: 0 found, a number above 0 and at most 1000 expected")]
    [InlineData("\"noise_share\": 1.5", "$.noise_share: 1.5 found")]
    [InlineData("\"noise_weakest\": 0.8", "$.noise_weakest: noise network: strengths 0.8..0.75")]
    public void AMistakeNamesItsPlace(string property, string named) =>
        Assert.Contains(named, Assert.Throws<RobustifyException>(() => AugmentationReader.Read(Open($"{{ {property} }}"), new AugmentationOptions())).Message);

    private static RecipeObject Open(string text)
    {
        string file = Path.GetTempFileName();
        try
        {
            File.WriteAllText(file, text);
            return RecipeObject.Open(file);
        }
        finally
        {
            File.Delete(file);
        }
    }
}
