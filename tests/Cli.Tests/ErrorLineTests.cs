using Robustify.Kernels;
using Robustify.Native.Runs;

namespace Robustify.Cli.Tests;

/// <summary>Every way to fail has its exit code and one line.</summary>
public sealed class ErrorLineTests
{
    public static TheoryData<Exception, int, string> Failures => new()
    {
        { new RobustifyException("a.png: cut\nshort"), 2, "robustify: a.png: cut short" },
        { new InvalidOperationException("a worker failed", new RobustifyException("a.png: cut short")), 2, "robustify: a.png: cut short" },
        { new RunFailedException("step 7: loss NaN"), 1, "robustify: step 7: loss NaN" },
        { new IOException("No space left on device"), 1, "robustify: No space left on device" },
        { new OperationCanceledException(), 130, "robustify: interrupted" },
        { new ArithmeticException("odd"), 1, "robustify: unexpected ArithmeticException: odd; set ROBUSTIFY_TRACE=1 to see where" },
    };

    [Theory]
    [MemberData(nameof(Failures), DisableDiscoveryEnumeration = true)]
    public void FailureHasItsCodeAndOneLine(Exception thrown, int code, string line)
    {
        var error = new StringWriter();
        Assert.Equal(code, ErrorLine.Write(error, thrown));
        Assert.Equal(line + Environment.NewLine, error.ToString());
    }
}
