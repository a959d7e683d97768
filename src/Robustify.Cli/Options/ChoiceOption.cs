using System.CommandLine;
using System.Text;
using System.Text.Json;

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
            foreach (var value in Enum.GetValues<T>())
            {
                if (Word(value) == token.Value)
                    return value;
            }

            result.AddError($"{name}: '{token.Value}' found, one of {Words(", ")} expected{hint}");
            return null;
        };
    }

    public string Placeholder => Words("|");

    public string Help => $"{text} (default {Word(standard)})";

    /// <summary>The choice made, or the default.</summary>
    public T Of(ParseResult parse) => parse.GetValue(this) ?? standard;

    public void Write(Utf8JsonWriter json, ParseResult parse) => json.WriteString(Name.TrimStart('-'), Word(Of(parse)));

    private static string Words(string separator) => string.Join(separator, Enum.GetValues<T>().Select(Word));

    // A capital before a small letter begins a word, so AdamW stays one.
    private static string Word(T value)
    {
        string name = value.ToString();
        var word = new StringBuilder();
        for (int i = 0; i < name.Length; i++)
        {
            if (i > 0 && char.IsUpper(name[i]) && i + 1 < name.Length && char.IsLower(name[i + 1]))
                word.Append('-');
            word.Append(char.ToLowerInvariant(name[i]));
        }

        return word.ToString();
    }
}
