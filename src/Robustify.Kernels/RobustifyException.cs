namespace Robustify.Kernels;

/// <summary>
/// Something the caller can mend: bad input, bad usage, a shape that does not fit. The message is one line that names the file or
/// operation, what was found, what was expected and what to do. The command line turns it into exit code 2.
/// </summary>
public class RobustifyException : Exception
{
    /// <param name="message">One line: where, what was found, what was expected, what to do.</param>
    public RobustifyException(string message) : base(message)
    {
    }

    /// <param name="message">One line: where, what was found, what was expected, what to do.</param>
    /// <param name="inner">What the platform said.</param>
    public RobustifyException(string message, Exception inner) : base(message, inner)
    {
    }
}
