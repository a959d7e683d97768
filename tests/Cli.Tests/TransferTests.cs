using System.Text.Json;

namespace Robustify.Cli.Tests;

/// <summary>The verb transfer on every kind of data set, its table, its cache, and what it refuses.</summary>
public sealed class TransferTests : IDisposable
{
    private const int CifarRow = 1 + 3 * 32 * 32;

    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void BeforeAndAfterStandInOneTableForFoldersIdxAndCifar()
    {
        string pictures = Pictures(), run = folder.PathOf("run");
        var call = Call.Succeeding([.. Arguments(run), "--data", $"pictures={pictures}", $"cifar={Cifar()}", $"idx={TinyData.Directory}", "--neighbors", "3,7"]);
        Assert.Contains("after - before", call.Out);
        var results = Results(run);
        var scores = results.GetProperty("transfer").EnumerateArray().ToArray();
        string[] methods = ["linear", "knn@3", "knn-plain@3", "knn@7", "knn-plain@7"];
        string[] expected = [.. from data in new[] { "pictures", "cifar", "idx" } from method in methods from model in new[] { "before", "after", "after, original tail" } select $"{data}/{method}/{model}"];
        Assert.Equal(expected, scores.Select(s => $"{Text(s, "data")}/{Text(s, "method")}/{Text(s, "model")}"));

        // The original tail of a split student is the model it was made from.
        foreach (var original in scores.Where(s => Text(s, "model") == "after, original tail"))
        {
            var before = scores.Single(s => Text(s, "model") == "before" && Text(s, "data") == Text(original, "data") && Text(s, "method") == Text(original, "method"));
            Assert.Equal(before.GetProperty("top1").GetDouble(), original.GetProperty("top1").GetDouble());
        }

        foreach (var difference in results.GetProperty("comparisons").EnumerateArray())
        {
            double Top1(string model) => scores.Single(s => Text(s, "model") == model && Text(s, "data") == Text(difference, "data")
                && Text(s, "method") == Text(difference, "method")).GetProperty("top1").GetDouble();
            double value = difference.GetProperty("difference").GetDouble();
            Assert.Equal(Top1(Text(difference, "second")) - Top1("before"), value, 1e-9);
            Assert.InRange(value, difference.GetProperty("low").GetDouble(), difference.GetProperty("high").GetDouble());
        }

        Assert.Equal(1 + expected.Length, File.ReadAllLines(Path.Combine(run, "results.csv")).Length);
        Assert.Contains("| idx | linear |", File.ReadAllText(Path.Combine(run, "results.md")));
    }

    // A bar whose place is the class is easy to learn: what features serve for is seen by every method.
    [Fact]
    public void FinetuningTakesAFreshHeadForTheClassesOfTheOtherSet()
    {
        string run = folder.PathOf("run");
        Call.Succeeding([.. Arguments(run), "--data", $"halves={Pictures(classes: 2)}", "--method", "linear,finetune", "--epochs", "4", "--batch", "8", "--rate", "0.003"]);
        var scores = Results(run).GetProperty("transfer").EnumerateArray().ToArray();
        Assert.Equal(["before", "after"], scores.Where(s => Text(s, "method") == "finetune").Select(s => Text(s, "model")));
        Assert.All(scores.Where(s => Text(s, "method") == "linear"), s => Assert.InRange(s.GetProperty("top1").GetDouble(), 0.6, 1));
        Assert.True(File.Exists(Path.Combine(run, "finetune", "halves", "after", "checkpoint.safetensors")));
    }

    [Fact]
    public void ResultsAreTheSameForAnyWorkersFromTheCacheAndWhereItIsDamaged()
    {
        string first = folder.PathOf("first"), second = folder.PathOf("second"), pictures = Pictures();
        string[] rest = ["--data", $"pictures={pictures}", "--method", "linear,knn,finetune", "--epochs", "1", "--batch", "8"];
        Call.Succeeding([.. Arguments(first), .. rest, "--workers", "1"]);
        Call.Succeeding([.. Arguments(second), .. rest, "--workers", "2"]);
        string expected = Read(first);
        Assert.Equal(expected, Read(second));

        // A run again finds everything: without its fine-tuned models nothing is trained anew.
        Directory.Delete(Path.Combine(first, "finetune"), recursive: true);
        Call.Succeeding([.. Arguments(first), .. rest]);
        Assert.False(Directory.Exists(Path.Combine(first, "finetune")));
        Assert.Equal(expected, Read(first));

        string[] kept = Directory.GetFiles(Path.Combine(first, "features"));
        foreach (string file in kept)
        {
            byte[] bytes = File.ReadAllBytes(file);
            bytes[^40] ^= 1;
            File.WriteAllBytes(file, bytes);
        }

        var mended = Call.Succeeding([.. Arguments(first), .. rest]);
        Assert.Equal(kept.Length, mended.Error.Split("computed again").Length - 1);
        Assert.Equal(expected, Read(first));
    }

    // Stopped after the first model's first result: what it had is kept, and the run that follows ends as one that was never stopped.
    [Fact]
    public void InterruptedRunGoesOnFromTheFeaturesItHad()
    {
        string run = folder.PathOf("run"), undisturbed = folder.PathOf("undisturbed");
        string[] arguments = [.. Arguments(run), "--data", $"pictures={Pictures()}"];
        using var cancellation = new CancellationTokenSource();
        using var error = new CancellingWriter("linear, before", cancellation);
        Assert.Equal(130, Call.InProcess(cancellation.Token, error, arguments).Code);
        Assert.Contains("interrupted", File.ReadAllText(Path.Combine(run, "run.json")));
        Assert.False(File.Exists(Path.Combine(run, "results.json")));
        string[] kept = Directory.GetFiles(Path.Combine(run, "features"));
        Assert.Equal(2, kept.Length);
        var written = kept.ToDictionary(f => f, File.GetLastWriteTimeUtc);

        Call.Succeeding(arguments);
        Assert.All(kept, f => Assert.Equal(written[f], File.GetLastWriteTimeUtc(f)));
        Call.Succeeding([.. Arguments(undisturbed), .. arguments[^2..]]);
        Assert.Equal(Read(undisturbed), Read(run));
    }

    [Fact]
    public void JsonIsOneObjectAndTheCacheMayBeShared()
    {
        string run = folder.PathOf("run"), cache = folder.PathOf("shared");
        var call = Call.Succeeding("transfer", "--model", TinyData.Model, "--data", TinyData.Directory, "--cache", cache, "--out", run, "--json");
        var result = JsonDocument.Parse(call.Out).RootElement;
        Assert.Equal("transfer", result.GetProperty("verb").GetString());
        Assert.Equal("fashion", Text(result.GetProperty("results").GetProperty("transfer")[0], "data"));
        Assert.Equal(2, Directory.GetFiles(cache).Length);
        Assert.False(Directory.Exists(Path.Combine(run, "features")));
    }

    [Theory]
    [InlineData("two of one name", "--model", "a=MODEL", "a=MODEL/checkpoint.safetensors", "--data", "DATA")]
    [InlineData("is a preset without weights", "--model", "a=resnet_fashion", "--data", "DATA")]
    [InlineData("no such folder", "--data", "x=/nowhere/at/all")]
    [InlineData("'probe' found, one of linear, knn, finetune expected", "--method", "probe")]
    [InlineData("--penalty: '0' found", "--penalty", "0")]
    [InlineData("--neighbors: '0' found", "--neighbors", "3,0")]
    [InlineData("--temperature: '0' found", "--temperature", "0")]
    [InlineData("--held-out: '1' found", "--held-out", "1")]
    public void WhatCannotBeMeasuredIsOneLine(string complaint, params string[] arguments)
    {
        string run = folder.PathOf("run");
        var call = Call.InProcess(["transfer", .. arguments.Select(a => a.Replace("MODEL", TinyData.Model).Replace("DATA", TinyData.Directory)), "--out", run]);
        Assert.Equal(2, call.Code);
        Assert.Empty(call.Out);
        Assert.Contains(complaint, Assert.Single(call.ErrorLines));
        Assert.False(Directory.Exists(run));
    }

    [Fact]
    public void SetOfOneClassIsRefused()
    {
        var call = Call.InProcess("transfer", "--model", TinyData.Model, "--data", Pictures(classes: 1), "--out", folder.PathOf("run"));
        Assert.Equal(2, call.Code);
        Assert.Contains("at least 2 expected", Assert.Single(call.ErrorLines));
    }

    private sealed class CancellingWriter(string at, CancellationTokenSource cancellation) : StringWriter
    {
        public override void WriteLine(string? value)
        {
            base.WriteLine(value);
            if (value?.Contains(at, StringComparison.Ordinal) == true)
                cancellation.Cancel();
        }
    }

    private string[] Arguments(string run)
    {
        string student = folder.PathOf("student");
        if (!Directory.Exists(student))
        {
            Call.Succeeding(
                "distill", "--student", TinyData.Model, "--teacher", TinyData.Model, "--data", TinyData.Directory, "--tail", "split", "--batch", "16",
                "--held-out", "16", "--out", student);
        }

        return ["transfer", "--model", $"before={TinyData.Model}", $"after={student}", "--out", run];
    }

    // Folders of coarser classes: several of the bars' places each.
    private string Pictures(int classes = 4)
    {
        string root = folder.PathOf("pictures" + classes);
        for (int i = 0; i < 60; i++)
            TinyData.WritePng(Path.Combine(root, i < 40 ? "train" : "test", $"class{i % 10 % classes}", $"{i}.png"), i);
        return root;
    }

    private string Cifar()
    {
        string root = folder.PathOf("cifar");
        Directory.CreateDirectory(root);
        for (int batch = 1; batch <= 6; batch++)
            File.WriteAllBytes(Path.Combine(root, batch <= 5 ? $"data_batch_{batch}.bin" : "test_batch.bin"), Records(10, batch));
        File.WriteAllLines(Path.Combine(root, "batches.meta.txt"), Enumerable.Range(0, 10).Select(i => $"class{i}"));
        return root;
    }

    private static byte[] Records(int count, int batch)
    {
        byte[] bytes = new byte[count * CifarRow];
        for (int i = 0; i < bytes.Length; i++)
            bytes[i] = (byte)(i % CifarRow == 0 ? i / CifarRow % 10 : i / CifarRow % 10 * 25 + i * (batch + 3) % 23);
        return bytes;
    }

    private static JsonElement Results(string run) => JsonDocument.Parse(Read(run)).RootElement;

    private static string Read(string run) => File.ReadAllText(Path.Combine(run, "results.json"));

    private static string Text(JsonElement element, string name) => element.GetProperty(name).GetString()!;
}
