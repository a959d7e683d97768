using System.Diagnostics;
using Robustify.Cli.Reporting;

namespace Robustify.Cli.Tests;

/// <summary>Progress is told without slowing what it tells of.</summary>
public sealed class ProgressTests
{
    [Fact]
    public void ReportingAStepAllocatesNothing()
    {
        using var progress = new TerminalProgress(new StringWriter());
        progress.Begin("teacher", 10_000, "steps");
        progress.Report(0, 1);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int step = 1; step <= 10_000; step++)
            progress.Report(step, 1.0 / step);
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
        progress.End();
    }

    [Fact]
    public void WordsTellRateAndLoss()
    {
        var status = new ProgressStatus(100, "steps", Stopwatch.StartNew());
        Assert.Equal("", status.ToString());
        status.Set(50, 0.25);
        Assert.Matches(@"^\d+\.\d steps/s, 0:00:0\d left, loss 0\.2500$", status.ToString());
        status.Set(100, double.NaN);
        Assert.Matches(@"^\d+\.\d steps/s, 0:00:00 left$", status.ToString());
    }

    [Fact]
    public void MessagesBetweenTwoPhasesAreKept()
    {
        var terminal = new StringWriter();
        using (var progress = new TerminalProgress(terminal))
        {
            progress.Begin("first", 2, "steps");
            progress.WriteLine("epoch 1 of 2");
            progress.Begin("second", 2, "images");
            progress.WriteLine("clean top-1 0.5000");
        }

        Assert.Contains("epoch 1 of 2", terminal.ToString());
        Assert.Contains("clean top-1 0.5000", terminal.ToString());
    }
}
