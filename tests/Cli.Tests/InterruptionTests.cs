namespace Robustify.Cli.Tests;

/// <summary>A run that is interrupted says so, and goes on as if it had not been.</summary>
public sealed class InterruptionTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData("INT")]
    [InlineData("TERM")]
    public void SignalledRunResumesToTheCheckpointOfAnUndisturbedOne(string signal)
    {
        // Long enough that the signal, sent when the second epoch is over, finds the run at work.
        string[] options = ["pretrain", "--model", "resnet_fashion", "--data", TinyData.Directory, "--epochs", "24", "--batch", "16", "--seed", "5"];
        string disturbed = folder.PathOf("disturbed"), undisturbed = folder.PathOf("undisturbed");
        using (var process = BuiltProgram.Start([.. options, "--out", disturbed]))
        {
            while (process.StandardError.ReadLine() is { } line && !line.Contains("epoch 2 of"))
            {
            }

            BuiltProgram.Signal(process, signal);
            Assert.Equal("robustify: interrupted", process.StandardError.ReadToEnd().TrimEnd().Split('\n')[^1]);
            process.WaitForExit();
            Assert.Equal(130, process.ExitCode);
        }

        Assert.Contains("\"status\": \"interrupted\"", File.ReadAllText(Path.Combine(disturbed, "run.json")));
        Assert.False(File.Exists(Path.Combine(disturbed, "results.json")));
        Call.Succeeding([.. options, "--out", disturbed, "--resume"]);
        Call.Succeeding([.. options, "--out", undisturbed, "--workers", "1"]);
        Assert.Contains("\"status\": \"finished\"", File.ReadAllText(Path.Combine(disturbed, "run.json")));
        AssertSameFile("checkpoint.safetensors", disturbed, undisturbed);
        AssertSameFile("state.safetensors", disturbed, undisturbed);
    }

    [Fact]
    public void RunCancelledBeforeItsFirstStepCanBeResumed()
    {
        string[] options = ["teach", "--data", TinyData.Directory, "--epochs", "1", "--batch", "32", "--limit", "32", "--out", folder.PathOf("run")];
        var call = Call.InProcess(new CancellationToken(canceled: true), new StringWriter(), options);
        Assert.Equal(130, call.Code);
        Assert.Equal("robustify: interrupted", Assert.Single(call.ErrorLines).TrimEnd());
        Call.Succeeding([.. options, "--resume"]);
    }

    [Theory]
    [InlineData("teacher: epoch 2")]
    [InlineData("robust: epoch 1")]
    [InlineData("full_finetune: ")]
    public void AnInterruptedQuickstartGoesOnInThePhaseItWasIn(string moment)
    {
        string[] options =
        [
            "quickstart", "--size", "tiny", "--model", TinyData.Model, "--data", TinyData.Directory, "--images", "48", "--corrupted-images", "2",
            "--test-images", "10", "--seed", "7", "--log-every", "1",
        ];
        string disturbed = folder.PathOf("disturbed"), undisturbed = folder.PathOf("undisturbed");
        Call.Succeeding([.. options, "--out", undisturbed]);
        using var cancellation = new CancellationTokenSource();
        Assert.Equal(130, Call.InProcess(cancellation.Token, new CancelsAt(moment, cancellation), [.. options, "--out", disturbed]).Code);
        Call.Succeeding([.. options, "--out", disturbed, "--resume"]);
        foreach (string phase in (string[])["teacher", "robust", "full_finetune"])
        {
            AssertSameFile(Path.Combine(phase, "checkpoint.safetensors"), disturbed, undisturbed);
            AssertSameFile(Path.Combine(phase, "state.safetensors"), disturbed, undisturbed);
            Assert.Equal(File.ReadLines(Metrics(undisturbed, phase)).Count(), File.ReadLines(Metrics(disturbed, phase)).Count());
        }
    }

    [Fact]
    public void ResumingWithOtherOptionsNamesThem()
    {
        string[] options = ["teach", "--data", TinyData.Directory, "--epochs", "1", "--batch", "32", "--limit", "32", "--out", folder.PathOf("run")];
        Call.Succeeding(options);
        var call = Call.InProcess([.. options, "--resume", "--rate", "0.2"]);
        Assert.Equal(2, call.Code);
        string line = Assert.Single(call.ErrorLines);
        Assert.Contains("rate 0.1;", line);
        Assert.Contains("rate 0.2;", line);
        Assert.DoesNotContain("seed", line);
    }

    [Fact]
    public void AFreshRunForgetsWhatAnEarlierOneWouldBeResumedFrom()
    {
        string run = folder.PathOf("run");
        string[] options = ["teach", "--data", TinyData.Directory, "--batch", "32", "--limit", "32", "--held-out", "8", "--keep", "1", "--out", run];
        Call.Succeeding([.. options, "--epochs", "2"]);
        Assert.True(File.Exists(Path.Combine(run, "best.safetensors")));
        var call = Call.InProcess(new CancellationToken(canceled: true), new StringWriter(), [.. options, "--epochs", "1"]);
        Assert.Equal(130, call.Code);
        Assert.False(File.Exists(Path.Combine(run, "best.safetensors")));
        Assert.Equal(["step-00000000.safetensors"], Directory.GetFiles(Path.Combine(run, "checkpoints")).Select(Path.GetFileName));
    }

    [Fact]
    public void ResumingWhatNeverRanIsRefused()
    {
        var call = Call.InProcess("teach", "--data", TinyData.Directory, "--out", folder.PathOf("new"), "--resume");
        Assert.Equal(2, call.Code);
        Assert.Contains("nothing to resume", Assert.Single(call.ErrorLines));
    }

    private static string Metrics(string run, string phase) => Path.Combine(run, phase, "metrics.jsonl");

    private static void AssertSameFile(string name, string first, string second) =>
        Assert.True(File.ReadAllBytes(Path.Combine(first, name)).AsSpan().SequenceEqual(File.ReadAllBytes(Path.Combine(second, name))), name + " differs");

    /// <summary>Takes messages and cancels when one contains a text.</summary>
    private sealed class CancelsAt(string moment, CancellationTokenSource cancellation) : StringWriter
    {
        public override void WriteLine(string? value)
        {
            base.WriteLine(value);
            if (value?.Contains(moment, StringComparison.Ordinal) == true)
                cancellation.Cancel();
        }
    }
}
