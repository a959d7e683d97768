using System.Text.Json;

namespace Robustify.Cli.Tests;

/// <summary>Every kind of augmentation and its choices, from the verbs that train.</summary>
public sealed class AugmentationTests : IDisposable
{
    private static readonly string[] Small = ["--data", TinyData.Directory, "--limit", "32", "--batch", "16", "--epochs", "1"];

    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void EveryKindTrainsAnotherModelAndIsRecorded()
    {
        var checkpoints = new HashSet<string>();
        foreach (string kind in (string[])["augmix", "pixmix", "noise2net", "standard"])
        {
            string run = folder.PathOf(kind);
            Call.Succeeding(["teach", .. Small, "--augment", kind, "--out", run]);
            checkpoints.Add(Convert.ToBase64String(File.ReadAllBytes(Path.Combine(run, "checkpoint.safetensors"))));
            Assert.Equal(kind, Options(run).GetProperty("augment").GetString());
        }

        Assert.Equal(4, checkpoints.Count);
    }

    [Fact]
    public void PublishedDeviationsAreOptionsAndARunResumesOnlyUnderItsOwn()
    {
        string run = folder.PathOf("run");
        string[] choices =
        [
            "--augmix-views", "1", "--augmix-width", "2", "--augmix-depth", "1", "--augmix-alpha", "0.5", "--augmix-levels", "highest", "--augment-severity", "2",
            "--augment-operations", "all", "--noise-share", "0.5", "--noise-weakest", "0.1", "--noise-strongest", "0.2",
        ];
        Call.Succeeding(["finetune", "--model", TinyData.Model, .. Small, .. choices, "--out", run]);
        var options = Options(run);
        Assert.Equal("highest", options.GetProperty("augmix-levels").GetString());
        Assert.Equal(0.5, options.GetProperty("noise-share").GetDouble());
        var call = Call.InProcess(["finetune", "--model", TinyData.Model, .. Small, .. choices[..^2], "--out", run, "--resume"]);
        Assert.Equal(2, call.Code);
        Assert.Contains("strength 0.1 to", Assert.Single(call.ErrorLines));
    }

    [Theory]
    [InlineData("one of augmix, pixmix, noise2net, standard expected", "--augment", "deepaugment")]
    [InlineData("1..16 expected", "--augmix-depth", "0")]
    [InlineData("not an interval", "--noise-weakest", "9")]
    [InlineData("cannot be listed", "--augment", "pixmix", "--pixmix-pictures", "/no/such/folder")]
    public void WhatDoesNotFitIsRefused(string complaint, params string[] options)
    {
        var call = Call.InProcess(["teach", .. Small, "--out", folder.PathOf("run"), .. options]);
        Assert.Equal(2, call.Code);
        Assert.Contains(complaint, call.Error);
    }

    private static JsonElement Options(string run) => JsonDocument.Parse(File.ReadAllBytes(Path.Combine(run, "run.json"))).RootElement.GetProperty("options");
}
