using System.CommandLine;
using System.Text.Json;

namespace Robustify.Cli.Options;

/// <summary>There or not.</summary>
internal sealed class FlagOption : Option<bool>, ISetting
{
    public FlagOption(string name, string text)
        : base(name)
    {
        Arity = ArgumentArity.Zero;
        Help = text;
    }

    public string Placeholder => "";

    public string Help { get; }

    /// <summary>Whether it was given.</summary>
    public bool Of(ParseResult parse) => parse.GetValue(this);

    public void Write(Utf8JsonWriter json, ParseResult parse) => json.WriteBoolean(Name.TrimStart('-'), Of(parse));
}
