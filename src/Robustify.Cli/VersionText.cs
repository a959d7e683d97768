using System.CommandLine;
using System.CommandLine.Invocation;

namespace Robustify.Cli;

/// <summary>Prints the version alone.</summary>
internal sealed class VersionText : SynchronousCommandLineAction
{
    public override bool ClearsParseErrors => true;

    public override int Invoke(ParseResult parse)
    {
        parse.InvocationConfiguration.Output.WriteLine(CommandLine.Version);
        return ExitCode.Done;
    }
}
