using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Robustify.Kernels;
using Robustify.Native.Files;
using Robustify.Native.Models.Checkpoints;

namespace Robustify.Native.Evaluation.ZeroShot;

/// <summary>
/// Class embeddings on disk: a file for all that a name's embedding follows from (the text tower's weights, the vocabulary, the prompts), under its
/// digest, with the embedding of every name that was asked for. A file that is damaged is made again.
/// </summary>
internal sealed class TextFeatureCache(string folder, Action<string> say)
{
    private const string Tensor = "text_features";
    private const string ClassesKey = "classes";
    private const string DigestKey = "sha256";

    /// <summary>The file of a key.</summary>
    public string PathOf(string key) => Path.Combine(folder, key + ".safetensors");

    /// <summary>The embeddings of a key by class name; empty where none are stored.</summary>
    public Dictionary<string, float[]> Find(string key, int width)
    {
        string path = PathOf(key);
        if (!File.Exists(path))
            return [];
        try
        {
            using var file = SafetensorsFile.Open(path);
            TensorEntry entry = file.Require(Tensor);
            string classes = file.Metadata.GetValueOrDefault(ClassesKey, "");
            using var document = JsonDocument.Parse(classes);
            string[] names = [.. document.RootElement.EnumerateArray().Select(name => name.GetString()!)];
            if (!entry.Shape.AsSpan().SequenceEqual([names.Length, width]))
                throw new RobustifyException($"{path}: shape {OneLine.Shape<long>(entry.Shape)} found, [{names.Length}, {width}] expected");
            var values = new float[names.Length * width];
            file.ReadSingles(Tensor, values);
            if (file.Metadata.GetValueOrDefault(DigestKey) != Digest(classes, values) || !FloatConversion.AreFinite(values))
                throw new RobustifyException($"{path}: other values than were written");
            return names.Zip(values.Chunk(width)).ToDictionary(StringComparer.Ordinal);
        }
        catch (Exception damaged) when (damaged is RobustifyException or JsonException or InvalidOperationException or ArgumentException)
        {
            say($"text features: {(damaged is RobustifyException ? damaged.Message : $"{path}: no list of classes")}; made again");
            return [];
        }
    }

    /// <summary>Stores embeddings; a folder that cannot be written is told and does no harm.</summary>
    /// <returns>Whether they are stored.</returns>
    public bool Store(string key, IReadOnlyDictionary<string, float[]> rows, int width)
    {
        try
        {
            Directory.CreateDirectory(folder);
            string[] names = [.. rows.Keys.Order(StringComparer.Ordinal)];
            string classes = Json(names);
            float[] values = [.. names.SelectMany(name => rows[name])];
            var writer = new SafetensorsWriter();
            writer.SetMetadata(ClassesKey, classes);
            writer.SetMetadata(DigestKey, Digest(classes, values));
            writer.AddFloats(Tensor, [names.Length, width], values);
            writer.Save(PathOf(key));
            return true;
        }
        catch (Exception e) when (e is RobustifyException or IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            say($"text features: not stored ({OneLine.Of(e.Message)})");
            return false;
        }
    }

    /// <summary>A key of what the content follows from; every part counts with its length.</summary>
    public static string Key(params ReadOnlySpan<string> parts)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (string part in parts)
        {
            byte[] bytes = Encoding.UTF8.GetBytes(part);
            hash.AppendData(BitConverter.GetBytes(bytes.Length));
            hash.AppendData(bytes);
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    private static string Json(string[] names)
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream))
        {
            json.WriteStartArray();
            foreach (string name in names)
                json.WriteStringValue(name);
            json.WriteEndArray();
        }

        return Encoding.UTF8.GetString(stream.ToArray());
    }

    private static string Digest(string classes, float[] values) =>
        Convert.ToHexStringLower(SHA256.HashData([.. Encoding.UTF8.GetBytes(classes), .. MemoryMarshal.AsBytes<float>(values)]));
}
