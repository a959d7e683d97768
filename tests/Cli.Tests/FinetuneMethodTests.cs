using System.Text.Json;

namespace Robustify.Cli.Tests;

/// <summary>Every scheme that the method is compared with, by its verb.</summary>
public sealed class FinetuneMethodTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData("partial", "partial_finetune")]
    [InlineData("linear", "linear_finetune")]
    [InlineData("lp-ft", "lp_ft")]
    [InlineData("prompt", "prompt")]
    public void AMethodLeavesAModelThatAnswers(string method, string name)
    {
        string run = folder.PathOf("run");
        Finetune(method, run);
        var root = JsonDocument.Parse(File.ReadAllText(Path.Combine(run, "results.json"))).RootElement;
        Assert.Equal(name, Assert.Single(root.GetProperty("models").EnumerateObject()).Name);
        Assert.True(root.GetProperty("ledger").GetProperty(name).GetProperty("trained_parameters").GetInt64() > 0);
        Call.Succeeding("predict", TinyData.WritePng(folder.PathOf("a.png"), 4), "--model", run, "--data", TinyData.Directory);
    }

    [Fact]
    public void WiseWritesTheModelBetweenTwo()
    {
        string tuned = folder.PathOf("tuned"), between = folder.PathOf("between");
        Finetune("full", tuned);
        Call.Succeeding(
            "finetune", "--method", "wise", "--model", TinyData.Model, "--tuned-model", tuned, "--alpha", "0.25", "--data", TinyData.Directory, "--out", between);
        Assert.Contains("\"wise_0.25\"", File.ReadAllText(Path.Combine(between, "results.json")));
        var alone = Call.InProcess("finetune", "--method", "wise", "--model", TinyData.Model, "--data", TinyData.Directory, "--out", folder.PathOf("none"));
        Assert.Equal(2, alone.Code);
        Assert.Contains("--tuned-model", Assert.Single(alone.ErrorLines));
    }

    [Fact]
    public void AMethodsOwnDefaultsAreRecordedAndGivenOnesStand()
    {
        string run = folder.PathOf("run");
        Finetune("prompt", run, "--weight-decay", "0.5");
        var defaults = JsonDocument.Parse(File.ReadAllText(Path.Combine(run, "run.json"))).RootElement.GetProperty("defaults_of_method");
        Assert.Equal(
            (0.02, 0.5, 1),
            (defaults.GetProperty("rate").GetDouble(), defaults.GetProperty("weight-decay").GetDouble(), defaults.GetProperty("augmix-views").GetInt32()));
    }

    private static void Finetune(string method, string run, params string[] more) => Call.Succeeding(
        ["finetune", "--method", method, "--model", TinyData.Model, "--data", TinyData.Directory, "--batch", "16", "--limit", "32", "--out", run, .. more]);
}
