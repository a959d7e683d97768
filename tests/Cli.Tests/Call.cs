namespace Robustify.Cli.Tests;

/// <summary>What one call of the program gave.</summary>
internal sealed record Call(int Code, string Out, string Error)
{
    /// <summary>The lines that say what went wrong.</summary>
    public string[] ErrorLines => [.. Error.Split('\n').Where(l => l.StartsWith("robustify: ", StringComparison.Ordinal))];

    /// <summary>Calls the program in this process.</summary>
    public static Call InProcess(params string[] arguments) => InProcess(CancellationToken.None, new StringWriter(), arguments);

    /// <summary>Calls the program in this process with a writer for stderr and a cancellation of the test's own.</summary>
    public static Call InProcess(CancellationToken cancellation, StringWriter error, params string[] arguments)
    {
        var output = new StringWriter();
        int code = CommandLine.Run(arguments, new Invocation(output, error, ErrorIsTerminal: false, cancellation));
        return new Call(code, output.ToString(), error.ToString());
    }

    /// <summary>Calls the program in this process and requires that it goes well.</summary>
    public static Call Succeeding(params string[] arguments)
    {
        var call = InProcess(arguments);
        Assert.True(call.Code == 0, $"exit {call.Code}: {call.Error}");
        return call;
    }
}
