using System.Text.Json;
using System.Text.Json.Nodes;
using Robustify.Native.Runs;

namespace Robustify.Native.Workflows.Comparison;

/// <summary>Scores of a seed's models in a file under the digest of what they were measured of and how, so that they are measured once.</summary>
internal static class KeptScores
{
    /// <summary>The scores of the file, or measured and written where it is missing, damaged, or of another question.</summary>
    public static JsonObject Of(RunDirectory part, string fileName, string key, Func<JsonObject> measure)
    {
        if (Read(part.PathOf(fileName), key) is { } kept)
            return kept;
        var measured = measure();
        part.WriteJson(fileName, json => new JsonObject { ["key"] = key, ["models"] = measured.DeepClone() }.WriteTo(json));
        return measured;
    }

    private static JsonObject? Read(string file, string key)
    {
        if (!File.Exists(file))
            return null;
        try
        {
            var kept = JsonNode.Parse(File.ReadAllBytes(file)) as JsonObject;
            return kept?["key"]?.GetValue<string>() == key ? kept["models"] as JsonObject : null;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException)
        {
            return null; // Damaged: measured again.
        }
    }
}
