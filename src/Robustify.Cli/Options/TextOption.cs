using System.CommandLine;
using System.Text.Json;

namespace Robustify.Cli.Options;

/// <summary>A name or path. The default is looked up when the verb runs, so that help never touches the disk.</summary>
internal sealed class TextOption : Option<string?>, ISetting
{
    private readonly string text;
    private readonly string otherwise;
    private readonly Func<string>? standard;

    /// <param name="name">With its dashes.</param>
    /// <param name="placeholder">What is written after it in help.</param>
    /// <param name="text">Meaning.</param>
    /// <param name="otherwise">The default in words.</param>
    /// <param name="standard">The default; null where the option must be given.</param>
    /// <param name="aliases">Other names.</param>
    public TextOption(string name, string placeholder, string text, string otherwise, Func<string>? standard, params string[] aliases)
        : base(name, aliases)
    {
        (Placeholder, this.text, this.otherwise, this.standard) = (placeholder, text, otherwise, standard);
        Arity = ArgumentArity.ExactlyOne;
        Required = standard is null;
        CustomParser = result =>
        {
            if (result.Tokens is not [var token])
                return null;
            if (string.IsNullOrWhiteSpace(token.Value) || token.Value.Contains('\0'))
                result.AddError($"{name}: an empty name found, {placeholder} expected");
            return token.Value;
        };
    }

    public string Placeholder { get; }

    public string Help => standard is null ? $"{text} (required)" : $"{text} (default {otherwise})";

    /// <summary>The text given, or the default.</summary>
    public string Of(ParseResult parse) => parse.GetValue(this) ?? standard!();

    public void Write(Utf8JsonWriter json, ParseResult parse) => json.WriteString(Name.TrimStart('-'), Of(parse));
}
