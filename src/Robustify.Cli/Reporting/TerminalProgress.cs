using Robustify.Native.Runs;
using Spectre.Console;

namespace Robustify.Cli.Reporting;

/// <summary>
/// A progress bar on a terminal. Reporting only stores two numbers: a thread of the phase draws them, ten times a second at most.
/// </summary>
internal sealed class TerminalProgress : IProgressSink, IDisposable
{
    private readonly IAnsiConsole console;
    private ProgressPhase? phase;

    public TerminalProgress(TextWriter terminal) =>
        console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(terminal) });

    /// <summary>Writes a line above the bar.</summary>
    public void WriteLine(string line) => console.WriteLine(line);

    public void Begin(string phase, long total, string unit)
    {
        End();
        this.phase = new ProgressPhase(console, phase, total, unit);
    }

    public void Report(long done, double loss) => phase?.Report(done, loss);

    public void Tell(string words) => phase?.Tell(words);

    public void End()
    {
        phase?.Dispose();
        phase = null;
    }

    public void Dispose() => End();
}
