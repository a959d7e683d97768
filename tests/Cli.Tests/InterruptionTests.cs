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

    [Fact]
    public void ResumingWhatNeverRanIsRefused()
    {
        var call = Call.InProcess("teach", "--data", TinyData.Directory, "--out", folder.PathOf("new"), "--resume");
        Assert.Equal(2, call.Code);
        Assert.Contains("nothing to resume", Assert.Single(call.ErrorLines));
    }

    private static void AssertSameFile(string name, string first, string second) =>
        Assert.True(File.ReadAllBytes(Path.Combine(first, name)).AsSpan().SequenceEqual(File.ReadAllBytes(Path.Combine(second, name))), name + " differs");
}
