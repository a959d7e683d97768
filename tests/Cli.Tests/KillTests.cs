using System.Diagnostics;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Robustify.Kernels.Random;
using Xunit.Abstractions;

namespace Robustify.Cli.Tests;

/// <summary>A run that is killed without warning goes on as if it had not been: the same model, state and metrics to the bit.</summary>
public sealed class KillTests(ITestOutputHelper output) : IDisposable
{
    private const int Kills = 5;
    private const int ProcessesAtMost = 12;

    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void RunKilledFiveTimesEndsWithTheFilesOfAnUndisturbedOne()
    {
        // Held-out images make a best model; few steps between savings make many moments inside one.
        string[] options =
        [
            "teach", "--model", "resnet_fashion", "--data", TinyData.Directory, "--epochs", "6", "--batch", "8", "--held-out", "16", "--seed", "3",
            "--save-every", "2", "--keep", "2", "--log-every", "3", "--workers", "1",
        ];
        string undisturbed = folder.PathOf("undisturbed"), disturbed = folder.PathOf("disturbed");
        var watch = Stopwatch.StartNew();
        Call.Succeeding([.. options, "--out", undisturbed]);
        int kills = 0;
        // A draw of the moment: what is killed differs from machine to machine, what comes out must not.
        var random = new PhiloxStream(11, RandomPurpose.Shuffle, 0, 0);
        for (int start = 0; start < ProcessesAtMost; start++)
        {
            bool begun = File.Exists(Path.Combine(disturbed, "run.json"));
            using var process = BuiltProgram.Start([.. options, "--out", disturbed, .. begun ? (string[])["--resume"] : []]);
            if (kills < Kills)
            {
                WaitForBeginning(process, disturbed);
                if (!process.WaitForExit((int)(random.NextUniform() * 0.5 * watch.ElapsedMilliseconds / (start + 1))))
                {
                    BuiltProgram.Signal(process, "KILL");
                    kills++;
                }
            }

            process.WaitForExit();
            if (process.ExitCode == 0 && kills == Kills)
                break;
        }

        output.WriteLine($"{kills} kills");
        Assert.Equal(Kills, kills);
        foreach (string name in (string[])["checkpoint.safetensors", "best.safetensors", "state.safetensors"])
            Assert.True(Bytes(undisturbed, name).SequenceEqual(Bytes(disturbed, name)), name + " differs");
        Assert.Equal(Kept(undisturbed), Kept(disturbed));
        Assert.Equal(2, Kept(disturbed).Length);
        Assert.Equal(Metrics(undisturbed), Metrics(disturbed));
        Assert.Empty(Directory.GetFiles(disturbed, ".*"));
    }

    // A moment is chosen after the run has begun: before that there is nothing to resume.
    private static void WaitForBeginning(Process process, string run)
    {
        while (!process.HasExited && !File.Exists(Path.Combine(run, "run.json")))
            Thread.Sleep(5);
    }

    private static byte[] Bytes(string run, string name) => File.ReadAllBytes(Path.Combine(run, name));

    private static string[] Kept(string run) =>
        [.. Directory.GetFiles(Path.Combine(run, "checkpoints")).Order(StringComparer.Ordinal)
            .Select(file => $"{Path.GetFileName(file)} {Convert.ToHexString(SHA256.HashData(File.ReadAllBytes(file)))}")];

    private static string[] Metrics(string run) =>
        [.. File.ReadAllLines(Path.Combine(run, "metrics.jsonl")).Select(line =>
        {
            var json = JsonNode.Parse(line)!.AsObject();
            json.Remove("timing");
            return json.ToJsonString();
        })];
}
