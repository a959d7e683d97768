using System.Diagnostics;
using Spectre.Console;

namespace Robustify.Cli.Reporting;

/// <summary>The bar of one phase and the thread that draws it; the bar goes when the phase is over.</summary>
internal sealed class ProgressPhase : IDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(100);

    // Leaves room for the words on a terminal of 80 columns.
    private const int BarWidth = 16;

    private readonly IAnsiConsole console;
    private readonly string name;
    private readonly ProgressStatus status;
    private readonly ManualResetEventSlim over = new();
    private readonly Thread thread;

    public ProgressPhase(IAnsiConsole console, string name, long total, string unit)
    {
        (this.console, this.name) = (console, name);
        status = new ProgressStatus(total, unit, Stopwatch.StartNew());
        thread = new Thread(Draw) { IsBackground = true, Name = "progress" };
        thread.Start();
    }

    /// <summary>Takes the state; allocates and draws nothing.</summary>
    public void Report(long done, double loss) => status.Set(done, loss);

    /// <summary>Takes words to show beside the state.</summary>
    public void Tell(string words) => status.Words = words;

    public void Dispose()
    {
        over.Set();
        thread.Join();
        over.Dispose();
    }

    private void Draw() => console.Progress()
        .AutoRefresh(false).AutoClear(true)
        .Columns(new TaskDescriptionColumn(), new ProgressBarColumn { Width = BarWidth }, new PercentageColumn(), new ProgressStatusColumn(status))
        .Start(context =>
        {
            var task = context.AddTask(Markup.Escape(name), maxValue: Math.Max(1, status.Total));
            do
            {
                task.Value = status.Done;
                context.Refresh();
            }
            while (!over.Wait(Interval));
        });
}
