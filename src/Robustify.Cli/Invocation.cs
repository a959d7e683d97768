namespace Robustify.Cli;

/// <summary>What one call of the program talks to; tests give writers of their own.</summary>
/// <param name="Out">Results, and nothing else where <c>--json</c> is given.</param>
/// <param name="Error">Progress, messages and error lines.</param>
/// <param name="ErrorIsTerminal">Whether a progress bar can be drawn there.</param>
/// <param name="Cancellation">Set by Ctrl-C and SIGTERM.</param>
internal sealed record Invocation(TextWriter Out, TextWriter Error, bool ErrorIsTerminal, CancellationToken Cancellation);
