using System.CommandLine;

namespace Robustify.Cli;

/// <summary>What is wrong with the arguments, in one line that says where to look.</summary>
internal static class ParseErrorLine
{
    /// <summary>The line without its prefix; null where nothing is wrong.</summary>
    public static string? Of(ParseResult parse)
    {
        if (parse.Errors.Count == 0)
            return null;
        var command = parse.CommandResult.Command;
        string verb = command is RootCommand ? "" : command.Name + " ";
        return $"{Message(parse).TrimEnd('.')}; see 'robustify {verb}--help'";
    }

    // A misspelt word makes other errors in its wake, so it is the one to tell.
    private static string Message(ParseResult parse)
    {
        if (parse.UnmatchedTokens.Count == 0)
            return parse.Errors[0].Message;
        string word = parse.UnmatchedTokens[0];
        if (parse.CommandResult.Command is RootCommand root && !word.StartsWith('-'))
            return $"verb '{word}' is unknown; verbs are {string.Join(", ", root.Subcommands.Select(c => c.Name))}";
        return word.StartsWith('-') ? $"option '{word}' is unknown" : $"'{word}' is more than expected";
    }
}
