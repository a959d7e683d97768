using Robustify.Kernels;
using Robustify.Kernels.Cuda;
using Robustify.Native.Runs;

namespace Robustify.Cli;

/// <summary>Turns whatever ended a verb into one line on stderr and an exit code.</summary>
internal static class ErrorLine
{
    /// <summary>Set to 1, the stack follows the line.</summary>
    public const string TraceVariable = "ROBUSTIFY_TRACE";

    private const string Prefix = "robustify: ";

    /// <summary>Writes the line.</summary>
    public static void Write(TextWriter error, string message) => error.WriteLine(Prefix + message.ReplaceLineEndings(" "));

    /// <summary>Writes the line for an exception, with the stack where it was asked for.</summary>
    /// <returns>The exit code.</returns>
    public static int Write(TextWriter error, Exception thrown)
    {
        // A worker's error arrives wrapped; what the user can mend is told as itself.
        var cause = Causes(thrown).FirstOrDefault(e => e is RobustifyException) ?? thrown;
        (int code, string message) = cause switch
        {
            CudaException { IsDeviceFailure: true } => (ExitCode.Failed, cause.Message),
            RobustifyException => (ExitCode.BadInput, cause.Message),
            OperationCanceledException => (ExitCode.Interrupted, "interrupted"),
            RunFailedException => (ExitCode.Failed, cause.Message),
            IOException or UnauthorizedAccessException => (ExitCode.Failed, cause.Message),
            OutOfMemoryException => (ExitCode.Failed, $"out of memory ({cause.Message}); use a smaller --batch or model"),
            _ => (ExitCode.Failed, $"unexpected {cause.GetType().Name}: {cause.Message}; set {TraceVariable}=1 to see where"),
        };
        Write(error, message);
        if (Environment.GetEnvironmentVariable(TraceVariable) == "1")
            error.WriteLine(thrown);
        return code;
    }

    private static IEnumerable<Exception> Causes(Exception thrown)
    {
        for (Exception? e = thrown; e is not null; e = e.InnerException)
            yield return e;
    }
}
