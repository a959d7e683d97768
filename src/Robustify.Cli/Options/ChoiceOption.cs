using System.CommandLine;
using System.Text.Json;
using Robustify.Native.Files;

namespace Robustify.Cli.Options;

/// <summary>One word of a few: an enumeration's members in lower case, words joined by hyphens.</summary>
internal sealed class ChoiceOption<T> : Option<T?>, ISetting
    where T : struct, Enum
{
    private readonly string text;
    private readonly T standard;

    /// <param name="name">With its dashes.</param>
    /// <param name="text">Meaning.</param>
    /// <param name="standard">The default.</param>
    /// <param name="hint">Follows the complaint about another word.</param>
    public ChoiceOption(string name, string text, T standard, string hint = "")
        : base(name)
    {
        (this.text, this.standard) = (text, standard);
        Arity = ArgumentArity.ExactlyOne;
        CustomParser = result =>
        {
            if (result.Tokens is not [var token])
                return null;
            var value = ChoiceWords.Find<T>(token.Value);
            if (value is null)
                result.AddError($"{name}: '{token.Value}' found, one of {ChoiceWords.All<T>(", ")} expected{hint}");
            return value;
        };
    }

    public string Placeholder => ChoiceWords.All<T>("|");

    public string Help => $"{text} (default {ChoiceWords.Of(standard)})";

    /// <summary>The choice made, or the default.</summary>
    public T Of(ParseResult parse) => parse.GetValue(this) ?? standard;

    public void Write(Utf8JsonWriter json, ParseResult parse) => json.WriteString(Name.TrimStart('-'), ChoiceWords.Of(Of(parse)));
}
