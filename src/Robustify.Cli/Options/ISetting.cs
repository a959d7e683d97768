using System.CommandLine;
using System.Text.Json;

namespace Robustify.Cli.Options;

/// <summary>An option that can say what it takes and record what it was resolved to.</summary>
internal interface ISetting
{
    /// <summary>What is written after the name in help; empty for a flag.</summary>
    string Placeholder { get; }

    /// <summary>Meaning, unit, range and default.</summary>
    string Help { get; }

    /// <summary>Writes the resolved value as one property.</summary>
    void Write(Utf8JsonWriter json, ParseResult parse);
}
