using System.Diagnostics;

namespace Robustify.Cli.Tests;

/// <summary>A benchmark whose process is killed outright goes on as if it had not been.</summary>
public sealed class KilledBenchTests : IDisposable
{
    private const int Images = 640;
    private const int Conditions = 1 + 2 * 5;
    private const int AnswerBytes = 20;

    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void KilledBenchResumesToTheResultsOfAnUndisturbedOne()
    {
        folder.Write("data/train-images-idx3-ubyte", TinyData.IdxImages(20, 20));
        folder.Write("data/train-labels-idx1-ubyte", TinyData.IdxLabels(20));
        folder.Write("data/t10k-images-idx3-ubyte", TinyData.IdxImages(Images, Images));
        folder.Write("data/t10k-labels-idx1-ubyte", TinyData.IdxLabels(Images));
        string killed = folder.PathOf("killed"), undisturbed = folder.PathOf("undisturbed");
        string[] options = ["bench", "--model", "m=" + TinyData.Model, "--data", folder.PathOf("data"), "--corruption", "gaussian_noise,elastic_transform"];
        Call.Succeeding([.. options, "--out", undisturbed]);
        byte[] whole = Answers(undisturbed);
        using (var process = BuiltProgram.Start([.. options, "--out", killed, "--workers", "1"]))
        {
            _ = process.StandardOutput.ReadToEndAsync();
            _ = process.StandardError.ReadToEndAsync();
            var waiting = Stopwatch.StartNew();
            while (Answered(killed) < Images && waiting.Elapsed < TimeSpan.FromMinutes(1) && !process.HasExited)
                Thread.Sleep(2);
            BuiltProgram.Signal(process, "KILL");
            process.WaitForExit();
            Assert.Equal(128 + 9, process.ExitCode);
        }

        // Some answers are there, and are those of the undisturbed run; some are not.
        byte[] found = Answers(killed);
        int there = 0;
        for (int at = 0; at < whole.Length; at += AnswerBytes)
        {
            var answer = found.AsSpan(at, AnswerBytes);
            if (!answer.ContainsAnyExcept((byte)0))
                continue;
            there++;
            Assert.True(answer.SequenceEqual(whole.AsSpan(at, AnswerBytes)), $"answer {at / AnswerBytes} differs");
        }

        Assert.InRange(there, Images, Images * Conditions - 1);
        Assert.False(File.Exists(Path.Combine(killed, "results.json")));
        Call.Succeeding([.. options, "--out", killed, "--resume"]);
        Assert.Equal(whole, Answers(killed));
        foreach (string file in (string[])["results.json", "results.csv", "results.md", "samples.json"])
            Assert.Equal(File.ReadAllText(Path.Combine(undisturbed, file)), File.ReadAllText(Path.Combine(killed, file)));
    }

    private static int Answered(string run)
    {
        if (!File.Exists(Path.Combine(run, "answers", "images.0.bin")))
            return 0;
        byte[] bytes = Answers(run);
        int count = 0;
        for (int at = 0; at + AnswerBytes <= bytes.Length; at += AnswerBytes)
            count += bytes.AsSpan(at, AnswerBytes).ContainsAnyExcept((byte)0) ? 1 : 0;
        return count;
    }

    private static byte[] Answers(string run)
    {
        using var file = new FileStream(Path.Combine(run, "answers", "images.0.bin"), FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        byte[] bytes = new byte[file.Length];
        int length = file.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
        return bytes[..length];
    }
}
