using System.Text.Json;
using System.Text.Unicode;
using Robustify.Kernels;
using Robustify.Native.Files;

namespace Robustify.Native.Models.Checkpoints;

/// <summary>A small JSON object that somebody published beside a checkpoint, read with care.</summary>
internal sealed class JsonConfig
{
    // The names of ImageNet-21k's classes, twice, are some 2 MiB.
    private const int MaxBytes = 8 << 20;

    // Entries beyond the first are lists of classes, of no use here; the second bounds what the others become, some 12 bytes for a number.
    private const int MaxEntryBytes = 1 << 16;
    private const int MaxUsedBytes = 1 << 18;

    private readonly JsonElement root;

    private JsonConfig(string path, JsonElement root) => (Path, this.root) = (path, root);

    /// <summary>The path as messages show it.</summary>
    public string Path { get; }

    /// <summary>The file; null where there is none.</summary>
    /// <exception cref="RobustifyException">It cannot be read or is no JSON object of at most 8 MiB.</exception>
    public static JsonConfig? Open(string path)
    {
        string shown = OneLine.Of(path, 400);
        string name = System.IO.Path.GetFileName(shown);
        try
        {
            if (!File.Exists(path))
                return null;
            if (FileLength.Of(path) is var length and (0 or > MaxBytes))
                throw new RobustifyException($"{shown}: {length} bytes found, 1 to {MaxBytes} expected; use the {name} of the checkpoint");
            byte[] bytes = File.ReadAllBytes(path);
            if (!Utf8.IsValid(bytes)) // The parser takes other bytes inside texts, and fails where the text is used.
                throw new RobustifyException($"{shown}: is no UTF-8 text; use the {name} of the checkpoint");
            return new JsonConfig(shown, Parse(bytes) ?? throw new RobustifyException($"{shown}: no JSON object; use the {name} of the checkpoint"));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException or InvalidOperationException)
        {
            throw new RobustifyException($"{shown}: cannot be read ({OneLine.Of(e.Message, 400)}); use the {name} of the checkpoint or remove it", e);
        }
    }

    /// <summary>The <c>config.json</c> beside a checkpoint; null where there is none.</summary>
    /// <exception cref="RobustifyException">As <see cref="Open"/>.</exception>
    public static JsonConfig? BesideModel(string checkpointPath) =>
        Open(System.IO.Path.Combine(System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(checkpointPath))!, "config.json"));

    /// <summary>The object without its long entries; null where the text is something else.</summary>
    private static JsonElement? Parse(byte[] text)
    {
        var reader = new Utf8JsonReader(text);
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartObject)
            return null;
        int used = 0; // What is used moves to the front of the text, where the reader has been.
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            int start = (int)reader.TokenStartIndex;
            reader.Skip();
            var entry = text.AsSpan(start, (int)reader.BytesConsumed - start);
            if (entry.Length > MaxEntryBytes)
                continue;
            if (used + entry.Length > MaxUsedBytes)
                throw new JsonException($"more than {MaxUsedBytes} bytes of short entries");
            text[used] = (byte)(used == 0 ? '{' : ',');
            entry.CopyTo(text.AsSpan(used + 1));
            used += 1 + entry.Length;
        }

        reader.Read(); // Throws where something follows.
        text[used] = (byte)'}';
        return JsonElement.Parse(used == 0 ? "{}"u8 : text.AsSpan(0, used + 1));
    }

    /// <summary>An object inside; null where there is none.</summary>
    public JsonConfig? Section(string key) => TryGet(key, out JsonElement value) && value.ValueKind == JsonValueKind.Object ? new JsonConfig(Path, value) : null;

    /// <summary>A number; null where there is none.</summary>
    public double? Number(string key) =>
        TryGet(key, out JsonElement value) && value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out double number) ? number : null;

    /// <summary>An array of one or three numbers; null where there is none.</summary>
    public double[]? Numbers(string key)
    {
        if (!TryGet(key, out JsonElement value) || value.ValueKind != JsonValueKind.Array || value.GetArrayLength() is not (1 or 3))
            return null;
        return [.. value.EnumerateArray().Select(v => v.ValueKind == JsonValueKind.Number && v.TryGetDouble(out double number)
            ? number
            : throw Refuse($"\"{key}\" holds something that is no number"))];
    }

    /// <summary>A text; null where there is none.</summary>
    public string? Text(string key)
    {
        try
        {
            return TryGet(key, out JsonElement value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
        }
        catch (InvalidOperationException) // As above, in the value.
        {
            throw Refuse($"\"{key}\" is no valid text");
        }
    }

    /// <summary>True or false; null where neither stands.</summary>
    public bool? Flag(string key) => TryGet(key, out JsonElement value) && value.ValueKind is JsonValueKind.True or JsonValueKind.False ? value.GetBoolean() : null;

    /// <summary>The element of that key.</summary>
    public bool TryGet(string key, out JsonElement value)
    {
        try
        {
            return root.TryGetProperty(key, out value);
        }
        catch (InvalidOperationException) // How half a surrogate pair in an escaped name is reported.
        {
            throw Refuse("a name is no valid text");
        }
    }

    /// <summary>The refusal of this file.</summary>
    public RobustifyException Refuse(string found) => new($"{Path}: {found}; use the {System.IO.Path.GetFileName(Path)} of the checkpoint");
}
