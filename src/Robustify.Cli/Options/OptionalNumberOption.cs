using System.CommandLine;
using System.Numerics;
using System.Text.Json;

namespace Robustify.Cli.Options;

/// <summary>A number that may be left out, with a meaning of its own then.</summary>
internal sealed class OptionalNumberOption<T> : Option<T?>, ISetting
    where T : struct, INumber<T>
{
    private readonly string text;
    private readonly string otherwise;
    private readonly Interval<T> interval;

    /// <param name="name">With its dashes.</param>
    /// <param name="text">Meaning and unit.</param>
    /// <param name="interval">What is accepted.</param>
    /// <param name="otherwise">What happens without it.</param>
    public OptionalNumberOption(string name, string text, Interval<T> interval, string otherwise)
        : base(name)
    {
        (this.text, this.interval, this.otherwise) = (text, interval, otherwise);
        Arity = ArgumentArity.ExactlyOne;
        CustomParser = result => NumberOption<T>.Parse(name, result, interval);
    }

    public string Placeholder => "N";

    public string Help => $"{text}, {interval} (default {otherwise})";

    /// <summary>The number given; null where none was.</summary>
    public T? Of(ParseResult parse) => parse.GetValue(this);

    public void Write(Utf8JsonWriter json, ParseResult parse)
    {
        if (Of(parse) is { } value)
            NumberOption<T>.WriteNumber(json, Name, value);
        else
            json.WriteNull(Name.TrimStart('-'));
    }
}
