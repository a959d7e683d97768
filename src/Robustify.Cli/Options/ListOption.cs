using System.CommandLine;
using System.Text.Json;
using Robustify.Kernels;

namespace Robustify.Cli.Options;

/// <summary>Several values, blanks between them or the option given several times.</summary>
internal sealed class ListOption<T> : Option<T[]?>, ISetting
{
    private readonly string text;
    private readonly string otherwise;
    private readonly Func<T, string> format;
    private readonly Func<T[]> standard;

    /// <param name="name">With its dashes.</param>
    /// <param name="placeholder">One value in help.</param>
    /// <param name="text">Meaning and range.</param>
    /// <param name="otherwise">The default in words.</param>
    /// <param name="standard">The default.</param>
    /// <param name="parse">The values of one word; throws <see cref="RobustifyException"/>.</param>
    /// <param name="format">One value as it is recorded.</param>
    public ListOption(
        string name, string placeholder, string text, string otherwise, Func<T[]> standard, Func<string, T[]> parse, Func<T, string> format)
        : base(name)
    {
        (Placeholder, this.text, this.otherwise, this.standard, this.format) = (placeholder, text, otherwise, standard, format);
        Arity = ArgumentArity.OneOrMore;
        AllowMultipleArgumentsPerToken = true;
        CustomParser = result =>
        {
            try
            {
                return [.. result.Tokens.SelectMany(t => parse(t.Value))];
            }
            catch (RobustifyException refused)
            {
                result.AddError($"{name}: {refused.Message}");
                return null;
            }
        };
    }

    public string Placeholder { get; }

    public string Help => $"{text} (default {otherwise})";

    /// <summary>The values given without repetitions, or the default.</summary>
    /// <remarks>An option left out has an empty array for its value, so whether it stood there is asked first.</remarks>
    public T[] Of(ParseResult parse) => parse.GetResult(this) is { Implicit: false } ? [.. parse.GetValue(this)!.Distinct()] : standard();

    public void Write(Utf8JsonWriter json, ParseResult parse)
    {
        json.WriteStartArray(Name.TrimStart('-'));
        foreach (var value in Of(parse))
            json.WriteStringValue(format(value));
        json.WriteEndArray();
    }
}
