using System.Text.Json;
using Robustify.Kernels;
using Robustify.Kernels.Cpu;
using Robustify.Native.Corruptions;
using Robustify.Native.Corruptions.Jobs;
using Robustify.Native.Corruptions.Weather;
using Robustify.Native.Evaluation;
using Robustify.Native.Runs;
using Robustify.Native.Tests.Data.Sources;
using Robustify.Native.Tests.Golden;
using Robustify.Native.Workflows;

namespace Robustify.Native.Tests.Evaluation.Suites;

/// <summary>Results over frost that the engine draws itself say that they do not compare; those over given overlays do not.</summary>
public sealed class ComparabilityTests : IDisposable
{
    private readonly TemporaryFolder folder = new();
    private readonly CpuBackend backend = new(2);
    private readonly List<string> messages = [];

    public void Dispose()
    {
        backend.Dispose();
        folder.Dispose();
    }

    [Fact]
    public void ProceduralFrostIsMarkedInEveryResult()
    {
        var results = Run(FrostOverlays.Procedural);
        string reason = results.GetProperty("not_comparable").GetProperty("frost").GetString()!;
        Assert.Contains("not comparable", reason);
        string[] csv = File.ReadAllLines(folder.PathOf("run", "results.csv"));
        Assert.EndsWith(",not_comparable", csv[0]);
        Assert.Contains(csv, line => line.Contains(",frost,1,") && line.EndsWith($"\"{reason}\""));
        Assert.Contains(csv, line => line.Contains(",fog,1,") && line.EndsWith(','));
        string markdown = File.ReadAllText(folder.PathOf("run", "results.md"));
        foreach (string row in (string[])["| mean corruption \\* |", "| weather \\* |", "| frost \\* |", "| fog |", $"\\* frost: {reason}"])
            Assert.Contains(row, markdown);
        Assert.Contains(reason, File.ReadAllText(folder.PathOf("run", "report.html")));
        Assert.Contains(messages, m => m.Contains(reason));
    }

    [Fact]
    public void FrostFromOverlaysIsNotMarkedAndItsOverlaysAreNamed()
    {
        var results = Run(FrostOverlays.Read(Overlays()));
        Assert.False(results.TryGetProperty("not_comparable", out _));
        Assert.StartsWith("overlays ", results.GetProperty("protocol").GetProperty("frost").GetString());
        Assert.DoesNotContain("\\*", File.ReadAllText(folder.PathOf("run", "results.md")));
    }

    [Fact]
    public void ResumingWithOtherOverlaysIsRefused()
    {
        Run(FrostOverlays.Read(Overlays()));
        Assert.Contains("overlays", Assert.Throws<RobustifyException>(() => Run(FrostOverlays.Procedural, resume: true)).Message);
    }

    [Fact]
    public void StoredSetOfProceduralFrostIsMarkedToo()
    {
        Data();
        CorruptionJob.Run(new()
        {
            Input = folder.PathOf("data", "test"), Output = folder.PathOf("c"), Corruptions = [CorruptionCatalog.Find("frost")], Severities = [1], PublishedLayout = true,
        });
        var results = Run(FrostOverlays.Procedural, suites: [BenchmarkSuite.Clean, new("stored-c", folder.PathOf("c"))]);
        Assert.True(results.GetProperty("not_comparable").TryGetProperty("frost", out _));
    }

    private JsonElement Run(FrostOverlays overlays, bool resume = false, BenchmarkSuite[]? suites = null)
    {
        Data();
        messages.Clear();
        var options = new BenchmarkRunOptions
        {
            Models = [("m", SmallModels.Write(folder, classes: 2))], Out = folder.PathOf("run"), Data = folder.PathOf("data"), Resume = resume, Severities = [1],
            Corruptions = [.. new[] { "frost", "fog" }.Select(name => CorruptionCatalog.Find(name, overlays))],
            Suites = suites ?? [BenchmarkSuite.Clean, BenchmarkSuite.Corruption],
        };
        BenchmarkWorkflow.Run(options, new RunContext(backend, backend.Threads, SilentProgress.Instance, CancellationToken.None, messages.Add), _ => { });
        return JsonDocument.Parse(File.ReadAllBytes(folder.PathOf("run", "results.json"))).RootElement;
    }

    private void Data()
    {
        foreach (string name in (string[])["train/cat", "train/dog", "test/cat", "test/dog"])
            SmallModels.WritePicture(folder, $"data/{name}/0.png", number: name.Length);
    }

    private string Overlays()
    {
        for (int i = 0; i < 5; i++)
            folder.Write($"frost/frost{i + 1}.png", File.ReadAllBytes(GoldenData.PathOf("corruptions", "frost_synthetic", $"overlay{i}.png")));
        return folder.PathOf("frost");
    }
}
