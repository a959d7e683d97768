using System.Text.Json;
using Robustify.Native.Runs;
using Robustify.Native.Training;

namespace Robustify.Native.Workflows.Comparison;

/// <summary>
/// How one scheme stands under one seed: <c>scheme.json</c> in its folder, with every option it is trained by. A scheme is trained again
/// where any of them differs, and where one that it stands on does, whose options are among its own.
/// </summary>
internal sealed record SchemeState(SchemeStatus Status, IReadOnlyDictionary<string, string> Options, SchemeCost Cost)
{
    private const string FileName = "scheme.json";
    private const int MostShown = 32;

    /// <summary>Reads a folder's state; null where there is none, or none that can be read: it is then trained anew.</summary>
    public static SchemeState? Read(string folder)
    {
        string file = Path.Combine(folder, FileName);
        if (!File.Exists(file))
            return null;
        try
        {
            using var document = JsonDocument.Parse(File.ReadAllBytes(file));
            var root = document.RootElement;
            var options = root.GetProperty("options").EnumerateObject().ToDictionary(p => p.Name, p => p.Value.GetString() ?? "", StringComparer.Ordinal);
            return Files.ChoiceWords.Find<SchemeStatus>(root.GetProperty("status").GetString() ?? "") is { } status
                ? new(status, options, SchemeCost.Read(root.GetProperty("cost")))
                : null;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or KeyNotFoundException or FormatException or IOException)
        {
            return null;
        }
    }

    /// <summary>Writes the state whole or not at all.</summary>
    public void Write(RunDirectory directory) => directory.WriteJson(FileName, json =>
    {
        json.WriteStartObject();
        json.WriteString("status", Files.ChoiceWords.Of(Status));
        json.WriteStartObject("options");
        foreach (var (name, value) in Options.OrderBy(o => o.Key, StringComparer.Ordinal))
            json.WriteString(name, value);
        json.WriteEndObject();
        json.WriteStartObject("cost");
        Cost.Write(json);
        json.WriteEndObject();
        json.WriteEndObject();
    });

    /// <summary>The first option that differs, in words; null where all are the same.</summary>
    public string? Difference(IReadOnlyDictionary<string, string> wanted)
    {
        foreach (string name in Options.Keys.Union(wanted.Keys).Order(StringComparer.Ordinal))
        {
            string was = Options.GetValueOrDefault(name, "none"), now = wanted.GetValueOrDefault(name, "none");
            if (was != now)
                return $"{name} was {Files.OneLine.Of(was, MostShown)}, is {Files.OneLine.Of(now, MostShown)}";
        }

        return null;
    }
}

/// <summary>How far a scheme is.</summary>
internal enum SchemeStatus
{
    /// <summary>Begun.</summary>
    Running,

    /// <summary>Done.</summary>
    Finished,
}
