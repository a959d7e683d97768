using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using Robustify.Cli.Options;

namespace Robustify.Cli;

/// <summary>Help in two columns: what can be written on the left; meaning, unit, range and default on the right.</summary>
internal sealed class HelpText : SynchronousCommandLineAction
{
    private const int Width = 118;
    private const int LongestLeft = 34;

    public override bool ClearsParseErrors => true;

    public override int Invoke(ParseResult parse)
    {
        Write(parse.CommandResult.Command, parse.InvocationConfiguration.Output);
        return ExitCode.Done;
    }

    /// <summary>Writes the help of one command.</summary>
    public static void Write(Command command, TextWriter output)
    {
        bool isRoot = command is RootCommand;
        string arguments = string.Concat(command.Arguments.Select(a => " " + Name(a)));
        output.WriteLine(command.Description);
        output.WriteLine();
        output.WriteLine($"usage: robustify {(isRoot ? "VERB" : command.Name)}{arguments} [options]");
        Section(output, "verbs", command.Subcommands.Select(c => (c.Name, c.Description ?? "")));
        Section(output, "arguments", command.Arguments.Select(a => (Name(a), a.Description ?? "")));
        Section(output, "options", command.Options.Where(o => !o.Hidden && o is not HelpOption).Select(Row).Append(("--help", "show this")));
        if (isRoot)
        {
            output.WriteLine();
            output.WriteLine("'robustify VERB --help' shows a verb's options. Exit codes: 0 done, 1 failed while running, 2 bad usage or input,");
            output.WriteLine("130 interrupted. Results go to stdout, everything else to stderr.");
        }
    }

    private static (string Left, string Right) Row(Option option)
    {
        string names = string.Join(", ", option.Aliases.Prepend(option.Name).Where(n => n.StartsWith("--", StringComparison.Ordinal)));
        return option is ISetting setting
            ? ($"{names} {setting.Placeholder}".TrimEnd(), setting.Help)
            : (names, option is VersionOption ? "show the version" : option.Description ?? "");
    }

    private static string Name(Argument argument) =>
        (argument.HelpName ?? argument.Name) + (argument.Arity.MaximumNumberOfValues > 1 ? "..." : "");

    private static void Section(TextWriter output, string title, IEnumerable<(string Left, string Right)> rows)
    {
        var all = rows.ToArray();
        if (all.Length == 0)
            return;
        output.WriteLine();
        output.WriteLine(title + ":");
        int left = Math.Min(LongestLeft, all.Max(r => r.Left.Length)) + 4;
        foreach (var (name, text) in all)
        {
            string start = ("  " + name).PadRight(left);
            if (start.Length > left)
            {
                output.WriteLine(start);
                start = new string(' ', left);
            }

            foreach (string line in Wrap(text, Width - left))
            {
                output.WriteLine(start + line);
                start = new string(' ', left);
            }
        }
    }

    private static IEnumerable<string> Wrap(string text, int width)
    {
        while (text.Length > width && text.LastIndexOf(' ', width) is > 0 and var cut)
        {
            yield return text[..cut];
            text = text[(cut + 1)..];
        }

        yield return text;
    }
}
