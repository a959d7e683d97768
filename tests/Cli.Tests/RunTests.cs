using System.Text.Json;
using System.Text.RegularExpressions;
using Robustify.Kernels.Cuda;
using Robustify.Native.Corruptions;

namespace Robustify.Cli.Tests;

/// <summary>The verbs that write a run directory, end to end on a tiny data set.</summary>
public sealed partial class RunTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void PretrainLeavesAWholeRunDirectory()
    {
        string run = folder.PathOf("run");
        var call = Call.Succeeding(
            "pretrain", "--model", "resnet_fashion", "--data", TinyData.Directory, "--epochs", "2", "--batch", "32", "--limit", "64", "--seed", "7", "--out", run);
        Assert.Contains("original", call.Out);
        Assert.Equal(
            ["checkpoint.safetensors", "ledger.json", "metrics.jsonl", "results.json", "run.json", "state.safetensors"],
            Directory.GetFiles(run).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        var described = Parse(File.ReadAllText(Path.Combine(run, "run.json")));
        Assert.Equal("finished", described.GetProperty("status").GetString());
        Assert.Equal("pretrain", described.GetProperty("verb").GetString());
        Assert.Equal(7, described.GetProperty("seed").GetInt32());
        Assert.Equal(TinyData.Directory, described.GetProperty("options").GetProperty("data").GetString());
        Assert.Equal(32, described.GetProperty("options").GetProperty("batch").GetInt32());
        Assert.Equal("adamw", described.GetProperty("options").GetProperty("optimizer").GetString());
        Assert.Equal(2, File.ReadAllLines(Path.Combine(run, "metrics.jsonl")).Length);
        var cost = Parse(File.ReadAllText(Path.Combine(run, "results.json"))).GetProperty("ledger").GetProperty("original");
        Assert.Equal(2 * 64, cost.GetProperty("images").GetInt32());
    }

    [Fact]
    public void NothingButOneJsonObjectGoesToStdout()
    {
        var call = Call.Succeeding(
            "finetune", "--method", "linear", "--model", TinyData.Model, "--data", TinyData.Directory, "--batch", "32", "--out", folder.PathOf("run"), "--json");
        var result = Parse(call.Out);
        Assert.Equal("finetune", result.GetProperty("verb").GetString());
        Assert.Equal(folder.PathOf("run"), result.GetProperty("out").GetString());
        double top1 = result.GetProperty("results").GetProperty("models").GetProperty("linear_finetune").GetProperty("clean").GetProperty("top1").GetDouble();
        Assert.InRange(top1, 0, 1);
    }

    [Fact]
    public void ResultsDoNotDependOnTheWorkerCount()
    {
        string[] results = [.. new[] { "1", "2" }.Select(workers =>
        {
            string teacher = folder.PathOf("teacher" + workers), bench = folder.PathOf("bench" + workers);
            Call.Succeeding("teach", "--data", TinyData.Directory, "--epochs", "1", "--batch", "32", "--seed", "3", "--workers", workers, "--out", teacher);
            Call.Succeeding(
                "bench", "--model", "teacher=" + teacher, "--data", TinyData.Directory, "--severity", "1,5", "--seed", "3", "--workers", workers, "--out", bench);
            return Read(teacher) + Read(bench).Replace(teacher, "TEACHER", StringComparison.Ordinal);
        })];
        Assert.Equal(results[0], results[1]);
    }

    [Fact]
    public void BenchMeasuresEveryNamedModelUnderEveryNamedCorruption()
    {
        string run = folder.PathOf("run");
        var call = Call.Succeeding(
            "bench", "--model", "first=" + TinyData.Model, "--model", TinyData.Model, "--data", TinyData.Directory, "--test-limit", "20",
            "--corruption", "contrast,pixelate", "--severity", "2", "4", "--out", run);
        Assert.Contains("mean corruption", call.Out);
        var models = Parse(File.ReadAllText(Path.Combine(run, "results.json"))).GetProperty("models");
        foreach (string name in (string[])["first", "model"])
        {
            var per = models.GetProperty(name).GetProperty("corruption").GetProperty("per");
            Assert.Equal(["contrast", "pixelate"], per.EnumerateObject().Select(c => c.Name));
            Assert.All(per.EnumerateObject(), c => Assert.Equal(["2", "4"], c.Value.EnumerateObject().Select(s => s.Name)));
        }
    }

    [Fact]
    public void BenchWithoutNamesMeasuresEveryCorruptionAtEverySeverity()
    {
        string run = folder.PathOf("run");
        Call.Succeeding("bench", "--model", TinyData.Model, "--data", TinyData.Directory, "--test-limit", "10", "--out", run);
        var per = Parse(File.ReadAllText(Path.Combine(run, "results.json"))).GetProperty("models").GetProperty("model").GetProperty("corruption").GetProperty("per");
        Assert.Equal(
            CorruptionCatalog.All.SelectMany(c => (string[])["1", "2", "3", "4", "5"], (c, severity) => (c.Name, severity)).Order(),
            per.EnumerateObject().SelectMany(c => c.Value.EnumerateObject(), (c, s) => (c.Name, s.Name)).Order());
    }

    [Fact]
    public void DistilledStudentAnswersWithOneOfItsHeads()
    {
        string run = folder.PathOf("run"), picture = TinyData.WritePng(folder.PathOf("pictures", "a.png"), 4);
        TinyData.WritePng(folder.PathOf("pictures", "deeper", "b.png"), 5);
        Call.Succeeding(
            "distill", "--student", TinyData.Model, "--teacher", TinyData.Model, "--data", TinyData.Directory, "--batch", "16", "--held-out", "16", "--out", run);
        var call = Call.Succeeding("predict", folder.PathOf("pictures"), picture, "--model", run, "--data", TinyData.Directory, "--top", "2", "--json");
        var predictions = Parse(call.Out).GetProperty("predictions").EnumerateArray().ToArray();
        Assert.Equal(["a.png", "b.png", "a.png"], predictions.Select(p => Path.GetFileName(p.GetProperty("file").GetString())));
        Assert.All(predictions, p => Assert.Contains(p.GetProperty("head").GetString(), (string[])["clean", "unclean", "combined"]));
        Assert.All(predictions, p => Assert.Equal(2, p.GetProperty("classes").GetArrayLength()));
        Assert.Equal(predictions[0].GetProperty("classes").ToString(), predictions[2].GetProperty("classes").ToString());
        foreach (var share in Parse(call.Out).GetProperty("heads").EnumerateObject())
            Assert.Equal(predictions.Count(p => p.GetProperty("head").GetString() == share.Name) / 3.0, share.Value.GetDouble(), 1e-12);
        string told = Call.Succeeding("predict", folder.PathOf("pictures"), "--model", run, "--data", TinyData.Directory).Out;
        Assert.Matches(@"heads chosen: clean \d+\.\d %, unclean \d+\.\d %, combined \d+\.\d %", told);
        Assert.Equal("3", Parse(Call.Succeeding("inspect", run, "--json").Out).GetProperty("heads").ToString());
    }

    [Fact]
    public void PlainModelTellsTheMostProbableClassesByName()
    {
        string picture = TinyData.WritePng(folder.PathOf("a.png"), 4);
        var call = Call.Succeeding("predict", picture, "--model", TinyData.Model, "--data", TinyData.Directory, "--top", "10");
        Assert.Matches(@"a\.png: .*Ankle boot \d", call.Out);
        Assert.DoesNotContain("head", call.Out);
    }

    [Fact]
    public void QuickstartEndsInATableOfOriginalAgainstRobust()
    {
        string run = folder.PathOf("run");
        var call = Call.Succeeding("quickstart", "--size", "tiny", "--model", TinyData.Model, "--data", TinyData.Directory, "--out", run);
        foreach (string word in (string[])["original", "robust", "gaussian_noise", "mean corruption", "full_finetune", "heads chosen"])
            Assert.Contains(word, call.Out);
        Assert.True(File.Exists(Path.Combine(run, "report.md")));
        var models = Parse(File.ReadAllText(Path.Combine(run, "results.json"))).GetProperty("models");
        Assert.Equal(["full_finetune", "original", "robust", "teacher"], models.EnumerateObject().Select(m => m.Name).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void QuickstartWithOneSeedGivesTheSameBytesOnOneWorkerAndOnTwo()
    {
        string[] results = [.. new[] { "1", "2" }.Select(workers =>
        {
            string run = folder.PathOf("quickstart" + workers);
            Call.Succeeding(
                "quickstart", "--size", "tiny", "--model", TinyData.Model, "--data", TinyData.Directory, "--seed", "7", "--workers", workers, "--out", run);
            return Read(run);
        })];
        Assert.Equal(results[0], results[1]);
    }

    [Fact]
    public void DoctorSaysWhatTheProcessorOffers() =>
        Assert.NotEmpty(Parse(Call.Succeeding("doctor", "--json").Out).GetProperty("vectors").GetString()!);

    [Fact]
    public void WhatADeviceCannotDoIsOneLineThatNamesTheRemedy()
    {
        string[] predict = ["predict", "--model", TinyData.Model, TinyData.Directory];
        Refused([.. predict, "--device", "cpu", "--precision", "bf16"], "--precision bf16");
        if (CudaDevices.IsUsable(0, out _))
            return;
        string[] corrupt = ["corrupt", TinyData.Directory, folder.PathOf("corrupted"), "--corruption", "contrast", "--severity", "3"];
        Refused([.. corrupt, "--device", "cuda"], "--device cpu");
        Refused([.. predict, "--device", "cuda"], "--device cpu");
    }

    private static void Refused(string[] arguments, string named)
    {
        var call = Call.InProcess(arguments);
        Assert.Equal(2, call.Code);
        Assert.Empty(call.Out);
        Assert.Contains(named, Assert.Single(call.Error.TrimEnd().Split('\n')));
    }

    private static JsonElement Parse(string json) => JsonDocument.Parse(json).RootElement;

    // Seconds are the only numbers that two runs do not share.
    private static string Read(string run) => Seconds().Replace(File.ReadAllText(Path.Combine(run, "results.json")), "");

    [GeneratedRegex("\"(device_)?seconds\": [^,]*,")]
    private static partial Regex Seconds();
}
