using System.Text.Json;

namespace Robustify.Cli.Tests;

/// <summary>The verb <c>zeroshot</c> on the small CLIP fixture with a vocabulary of letters.</summary>
public sealed class ZeroShotTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void ASavedClassifierIsAModelLikeAnyOther()
    {
        string clip = Clip(), saved = folder.PathOf("saved.safetensors");
        var call = Call.Succeeding(
            "zeroshot", "--model", clip, "--classes", Names("cat", "dog", "bird"), "--template", "a {}.", "the {}.", "--text-cache", "none", "--save", saved, "--json",
            "--device", "cpu");
        using var json = JsonDocument.Parse(call.Out);
        Assert.Equal(saved, json.RootElement.GetProperty("saved").GetString());
        Assert.Equal(0, json.RootElement.GetProperty("results").GetArrayLength());
        using var inspected = JsonDocument.Parse(Call.Succeeding("inspect", saved, "--json").Out);
        Assert.Equal(3, inspected.RootElement.GetProperty("classes").GetInt32());
        Assert.Equal("OpenClip", inspected.RootElement.GetProperty("family").GetString());
        using var original = JsonDocument.Parse(Call.Succeeding("inspect", clip, "--json").Out);
        Assert.Equal(0, original.RootElement.GetProperty("classes").GetInt32());
        Assert.Equal(64, original.RootElement.GetProperty("text").GetProperty("vocabulary").GetInt32());
        Assert.Contains("text tower", Call.Succeeding("inspect", clip).Out, StringComparison.Ordinal);
    }

    [Fact]
    public void OneTableHasARowForEachDataSetAndTheGainOfTheLastModel()
    {
        string clip = Clip(), data = Data("data", "cat", "dog"), other = Data("other", "bird", "fish");
        var call = Call.Succeeding(
            "zeroshot", "--model", $"before={clip}", $"after={clip}", "--data", data, other, "--template", "a {}.", "--text-cache", folder.PathOf("cache"),
            "--device", "cpu");
        string[] lines = [.. call.Out.Split('\n').Where(l => l.Contains(folder.Root, StringComparison.Ordinal))];
        Assert.Equal(2, lines.Length);
        Assert.All(lines, line => Assert.EndsWith("0.0", line.TrimEnd(), StringComparison.Ordinal));
        Assert.Contains("before top-1", call.Out, StringComparison.Ordinal);
        Assert.Single(Directory.GetFiles(folder.PathOf("cache")));
    }

    [Fact]
    public void AComparisonAsksClipModelsByName()
    {
        string clip = Clip(), saved = folder.PathOf("saved.safetensors"), run = folder.PathOf("run");
        Call.Succeeding("zeroshot", "--model", clip, "--classes", Names("cat", "dog"), "--text-cache", "none", "--save", saved, "--device", "cpu");
        string recipe = folder.Write("recipe.json", System.Text.Encoding.UTF8.GetBytes($$"""
            {
              "large": "{{saved}}", "data": "{{Data("data", "cat", "dog")}}", "held_out": 0, "measure": { "corruptions": [] },
              "zeroshot": { "text_model": "{{clip}}", "data": { "others": "{{Data("other", "bird", "fish")}}" } },
              "schemes": [ { "scheme": "original" }, { "scheme": "linear", "batch": 2, "augmix_views": 0 } ]
            }
            """));
        for (int time = 0; time < 2; time++)
        {
            Call.Succeeding("compare", recipe, "--out", run, "--device", "cpu");
            using var results = JsonDocument.Parse(File.ReadAllText(Path.Combine(run, "results.json")));
            var models = results.RootElement.GetProperty("models");

            // A probe leaves the tower as it is, and the pictures are all one.
            foreach (string model in (string[])["original", "linear"])
                Assert.Equal(0.5, models.GetProperty(model).GetProperty("zeroshot").GetProperty("others").GetDouble());
        }

        Assert.Contains("## Zero-shot", File.ReadAllText(Path.Combine(run, "results.md")));
    }

    [Theory]
    [InlineData("--template", "no place", "has no {}")]
    [InlineData("--templates", "nothing", "neither a file nor one of")]
    [InlineData("--classes", "missing.txt", "missing.txt")]
    [InlineData("--vocabulary", "missing.gz", "cannot be read")]
    public void BadInputIsOneLineAndExitCodeTwo(string option, string value, string reason)
    {
        var call = Call.InProcess("zeroshot", "--model", Clip(), "--data", Data("data", "cat", "dog"), "--text-cache", "none", "--device", "cpu", option, value);
        Assert.Equal(2, call.Code);
        Assert.Contains(reason, Assert.Single(call.ErrorLines), StringComparison.Ordinal);
    }

    private string Clip()
    {
        string root = AppContext.BaseDirectory;
        while (!Directory.Exists(Path.Combine(root, "tests", "fixtures")))
            root = Path.GetDirectoryName(root)!;
        foreach (string file in (string[])["open_clip_model.safetensors", "open_clip_config.json"])
            folder.Write(Path.Combine("clip", file), File.ReadAllBytes(Path.Combine(root, "tests", "fixtures", "models", "clip_gelu", file)));
        var letters = Enumerable.Range('a', 26).Select(c => ((char)c).ToString());
        string[] tokens = [.. letters, .. letters.Select(l => l + "</w>"), ".</w>"];
        string ids = string.Join(",", tokens.Select((token, id) => $"\"{token}\":{id}"));
        folder.Write(Path.Combine("clip", "vocab.json"), [.. $$"""{{{ids}},"<|startoftext|>":62,"<|endoftext|>":63}""".Select(c => (byte)c)]);
        folder.Write(Path.Combine("clip", "merges.txt"), "#version: 0.2\n"u8.ToArray());
        return folder.PathOf("clip");
    }

    private string Names(params string[] names)
    {
        File.WriteAllLines(folder.PathOf("names.txt"), names);
        return folder.PathOf("names.txt");
    }

    private string Data(string name, params string[] classes)
    {
        byte[] picture = Convert.FromBase64String("iVBORw0KGgoAAAANSUhEUgAAAAIAAAACCAIAAAD91JpzAAAAEElEQVR4nGP4z8AARAwQCgAf7gP9i18U1AAAAABJRU5ErkJggg==");
        foreach (string label in classes)
            for (int i = 0; i < 5; i++)
                folder.Write(Path.Combine(name, label, $"{i}.png"), picture);
        return folder.PathOf(name);
    }
}
