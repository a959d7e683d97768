namespace Robustify.Cli.Tests;

/// <summary>What frozen parts compute is stored once; training over it is training over the same bank without it, to the bit.</summary>
public sealed class TrunkCacheTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData("distill --tuned last")]
    [InlineData("distill --tuned last --trunk-type bf16 --target confident")]
    [InlineData("distill --tuned last --uncertainty monte-carlo-dropout --tail split")]
    [InlineData("distill --tuned first")]
    [InlineData("finetune --method partial --tuned last --head-dropout 0.2")]
    [InlineData("finetune --method linear --augmix-views 1")]
    public void CachedTrainingIsUncachedTrainingOverTheSameBank(string verb)
    {
        string directory = folder.PathOf("cache");
        byte[][] models = [.. new[] { "none", "memory", directory }.Select(cache => Train(verb, cache, "run" + Path.GetFileName(cache)).Model)];
        Assert.True(models[0].AsSpan().SequenceEqual(models[1]), "trained over the cache in memory it differs");
        Assert.True(models[0].AsSpan().SequenceEqual(models[2]), "trained over the cache in a directory it differs");
        var (model, said) = Train(verb, directory, "again");
        Assert.Contains("is used", said);
        Assert.True(models[0].AsSpan().SequenceEqual(model), "trained over an earlier run's cache it differs");
    }

    [Fact]
    public void StaleAndDamagedCachesAreFoundAndMadeAnew()
    {
        const string Verb = "finetune --method linear";
        string directory = folder.PathOf("cache"), file = Path.Combine(directory, "trunk.cache");
        var (expected, said) = Train(Verb, directory, "first");
        Assert.Contains("MiB of disk", said);
        byte[] whole = File.ReadAllBytes(file);

        foreach (int place in (int[])[40, 60, 4100, whole.Length - 1])
        {
            byte[] damaged = [.. whole];
            damaged[place] ^= 0x10;
            File.WriteAllBytes(file, damaged);
            RequireRebuilt(place < 48 ? "stale" : "damaged");
        }

        File.WriteAllBytes(file, whole[..(whole.Length / 2)]);
        RequireRebuilt("damaged");
        File.WriteAllBytes(file, [1, 2, 3]);
        RequireRebuilt("damaged");
        Assert.Contains("stale", Train(Verb + " --seed 4", directory, "other").Said);
        Assert.Empty(Directory.GetFiles(directory, "*.tmp"));

        void RequireRebuilt(string fault)
        {
            var (model, told) = Train(Verb, directory, "rebuilt");
            Assert.Contains(fault, told);
            Assert.Contains("made anew", told);
            Assert.True(expected.AsSpan().SequenceEqual(model), "the rebuilt cache trains another model");
            Assert.True(whole.AsSpan().SequenceEqual(File.ReadAllBytes(file)), "the rebuilt cache differs");
        }
    }

    [Theory]
    [InlineData("finetune --method full --augment-bank 2", "--trunk-cache none")]
    [InlineData("finetune --method linear --trunk-type bf16", "--augment-bank")]
    [InlineData("finetune --method linear --augment-bank 100000000", "smaller --augment-bank")]
    public void WhatCannotBeStoredIsRefusedInOneLine(string verb, string remedy)
    {
        var call = Call.InProcess([.. Arguments(verb), "--out", folder.PathOf("run")]);
        Assert.Equal(2, call.Code);
        Assert.Contains(remedy, Assert.Single(call.ErrorLines));
    }

    private (byte[] Model, string Said) Train(string verb, string cache, string name)
    {
        string run = folder.PathOf(name);
        var call = Call.Succeeding([.. Arguments(verb), "--augment-bank", "2", "--trunk-cache", cache, "--out", run]);
        return (File.ReadAllBytes(Path.Combine(run, "checkpoint.safetensors")), call.Error);
    }

    // 40 images in batches of 16: the last batch of a pass over all of them is filled up.
    private static string[] Arguments(string verb)
    {
        string[] words = verb.Split(' ');
        string[] models = words[0] == "distill" ? ["--student", TinyData.Model, "--teacher", TinyData.Model, "--held-out", "0"] : ["--model", TinyData.Model];
        return [.. words, .. models, "--data", TinyData.Directory, "--limit", "40", "--batch", "16", "--epochs", "3", "--test-limit", "10"];
    }
}
