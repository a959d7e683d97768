using System.Text.Json;

namespace Robustify.Cli.Tests;

/// <summary>ablate varies one scheme of a recipe, one option at a time.</summary>
public sealed class AblateTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void EveryFactorGetsATableAndAPictureAndItsDefaultIsTrainedOnce()
    {
        string recipe = Recipe("""{ "scheme": "student", "lambda": [0.5, 1], "heads": [1, 3], "small": ["resnet_fashion"], "selector": true }"""), run = folder.PathOf("run");
        var call = Call.Succeeding("ablate", recipe, "--out", run);
        Assert.Contains("lambda", call.Out);
        var root = JsonDocument.Parse(File.ReadAllText(Path.Combine(run, "ablation.json"))).RootElement;
        Assert.Equal("student", root.GetProperty("scheme").GetString());
        var factors = root.GetProperty("factors");
        Assert.Equal(["lambda", "heads", "small", "selector"], factors.EnumerateObject().Select(f => f.Name));
        Assert.Equal(["0.5", "1"], factors.GetProperty("lambda").EnumerateObject().Select(l => l.Name));
        foreach (var factor in factors.EnumerateObject())
        {
            Assert.Single(factor.Value.EnumerateObject(), level => level.Value.GetProperty("default").GetBoolean());
            Assert.All(factor.Value.EnumerateObject(), level => Assert.InRange(level.Value.GetProperty("corruption_mean_top1").GetDouble(), 0, 1));
            Assert.True(File.Exists(Path.Combine(run, $"ablation-{factor.Name}.svg")), factor.Name);
        }

        // One student for lambda 1, heads 3 and the teacher as it is; one for each other value.
        Assert.Equal(
            ["heads=1", "lambda=0.5", "student", "teacher"],
            Directory.GetDirectories(Path.Combine(run, "seed-0")).Select(d => Path.GetFileName(d)!).Order(StringComparer.Ordinal));
        var again = Call.Succeeding("ablate", recipe, "--out", run);
        Assert.Equal(4, again.Error.Split('\n').Count(l => l.EndsWith("finished before", StringComparison.Ordinal)));
    }

    [Fact]
    public void WithoutAPropertyOfItsOwnTheStandardFactorsArePlanned()
    {
        var call = Call.Succeeding("ablate", Recipe(null), "--plan", "--out", folder.PathOf("run"));
        foreach (string variant in (string[])["tail_blocks=2", "heads=1", "heads=2", "weighting=none", "temperature=4", "lambda=0.1"])
            Assert.Contains(variant, call.Out);
        Assert.False(Directory.Exists(folder.PathOf("run")));
    }

    [Theory]
    [InlineData("""{ "scheme": "nobody" }""", "$.ablate.scheme: 'nobody' found, one of original, teacher, student")]
    [InlineData("""{ "lambda": [-1] }""", "$.ablate.lambda[0].lambda: -1 found")]
    [InlineData("""{ "hue": [1] }""", "$.ablate.hue[0].hue: is unknown")]
    [InlineData("""{ "scheme": "original", "small": ["x"] }""", "$.ablate.small[0]: 'original' has no teacher")]
    public void AMistakeIsOneLineThatNamesItsPlace(string ablate, string named)
    {
        var call = Call.InProcess("ablate", Recipe(ablate), "--out", folder.PathOf("run"));
        Assert.Equal(2, call.Code);
        Assert.Contains(named, Assert.Single(call.Error.TrimEnd().Split('\n')));
    }

    private string Recipe(string? ablate)
    {
        string text = $$"""
            {
              "large": "{{TinyData.Model}}", "small": "resnet_fashion", "data": "{{TinyData.Directory}}", "held_out": 16,
              "measure": { "test_images": 20, "corrupted_images": 10, "corruptions": ["contrast"], "severities": [5] },
              "defaults": { "images": 32, "batch": 16 },
              "schemes": [ { "scheme": "original" }, { "scheme": "teacher", "epochs": 1 }, { "scheme": "distill", "name": "student" } ]{{(ablate is null ? "" : $", \"ablate\": {ablate}")}}
            }
            """;
        return folder.Write("recipe.json", System.Text.Encoding.UTF8.GetBytes(text));
    }
}
