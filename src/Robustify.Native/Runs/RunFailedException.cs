namespace Robustify.Native.Runs;

/// <summary>A run that began well and could not go on, such as a loss that became NaN. The command line turns it into exit code 1.</summary>
public sealed class RunFailedException : Exception
{
    /// <param name="message">One line: step, tensor, what is kept, what to do.</param>
    public RunFailedException(string message) : base(message)
    {
    }
}
