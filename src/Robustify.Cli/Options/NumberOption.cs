using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using System.Numerics;
using System.Text.Json;

namespace Robustify.Cli.Options;

/// <summary>A number in invariant culture with a range and a default.</summary>
internal sealed class NumberOption<T> : Option<T?>, ISetting
    where T : struct, INumber<T>
{
    private readonly string text;
    private readonly Interval<T> interval;
    private readonly T standard;

    /// <param name="name">With its dashes.</param>
    /// <param name="text">Meaning and unit.</param>
    /// <param name="interval">What is accepted.</param>
    /// <param name="standard">The default, from the engine's options.</param>
    public NumberOption(string name, string text, Interval<T> interval, T standard)
        : base(name)
    {
        (this.text, this.interval, this.standard) = (text, interval, standard);
        Arity = ArgumentArity.ExactlyOne;
        CustomParser = result => Parse(name, result, interval);
    }

    public string Placeholder => "N";

    public string Help => $"{text}, {interval} (default {standard.ToString(null, CultureInfo.InvariantCulture)})";

    /// <summary>The number given, or the default.</summary>
    public T Of(ParseResult parse) => parse.GetValue(this) ?? standard;

    public void Write(Utf8JsonWriter json, ParseResult parse) => WriteNumber(json, Name, Of(parse));

    /// <summary>One number, or an error on the result.</summary>
    internal static T? Parse(string name, ArgumentResult result, Interval<T> interval)
    {
        if (result.Tokens is not [var token])
            return null;
        const NumberStyles styles = NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent;
        if (T.TryParse(token.Value, styles, CultureInfo.InvariantCulture, out var value) && interval.Contains(value))
            return value;
        string kind = T.TryParse("0.5", styles, CultureInfo.InvariantCulture, out _) ? "a number" : "a whole number";
        result.AddError($"{name}: '{token.Value}' found, {kind} {interval} expected");
        return null;
    }

    internal static void WriteNumber(Utf8JsonWriter json, string name, T value)
    {
        json.WritePropertyName(name.TrimStart('-'));
        json.WriteRawValue(value.ToString(null, CultureInfo.InvariantCulture));
    }
}
