using System.Text.Json;
using Robustify.Kernels;
using Robustify.Native.Files;

namespace Robustify.Native.Models.Checkpoints;

/// <summary>
/// A checkpoint cut into several files with a <c>model.safetensors.index.json</c> or <c>pytorch_model.bin.index.json</c> that says which
/// tensor lies where (<c>weight_map</c>). Every shard is opened and held against the index at once.
/// </summary>
internal sealed class ShardedTensors : ITensorFile
{
    private const int MaxIndexBytes = 16 << 20;
    private const int MaxShards = 1024;
    private const int MaxFileNameBytes = 255; // Of file systems.
    private readonly Dictionary<string, ITensorFile> shards = new(StringComparer.Ordinal);
    private readonly Dictionary<string, ITensorFile> shardOf = new(StringComparer.Ordinal);
    private readonly List<string> names = [];

    private ShardedTensors(string path) => Path = path;

    /// <inheritdoc/>
    public string Path { get; }

    /// <inheritdoc/>
    public string Format => $"{shards.Values.First().Format} in {shards.Count} files";

    /// <inheritdoc/>
    public IReadOnlyList<string> Names => names;

    /// <summary>That of the first shard.</summary>
    public IReadOnlyDictionary<string, string> Metadata => shards.Values.First().Metadata;

    /// <summary>Whether a file of that name is an index.</summary>
    public static bool IsIndex(string path) =>
        path.EndsWith(".safetensors.index.json", StringComparison.Ordinal) || path.EndsWith(".bin.index.json", StringComparison.Ordinal);

    /// <summary>Reads the index and opens its shards.</summary>
    /// <exception cref="RobustifyException">The index is damaged, names a file outside its folder, or does not agree with the shards.</exception>
    public static ShardedTensors Open(string path)
    {
        var file = new ShardedTensors(OneLine.Of(path, 400));
        try
        {
            file.Read(path);
            return file;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or IOException or UnauthorizedAccessException)
        {
            file.Dispose();
            throw file.Refuse($"cannot be read ({OneLine.Of(e.Message, 400)})");
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public bool TryGet(string name, out TensorEntry entry)
    {
        entry = default;
        return shardOf.TryGetValue(name, out var shard) && shard.TryGet(name, out entry);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var shard in shards.Values)
            shard.Dispose();
    }

    private void Read(string path)
    {
        if (FileLength.Of(path) is 0 or > MaxIndexBytes)
            throw Refuse($"1 to {MaxIndexBytes} bytes expected");
        var reader = new Utf8JsonReader(File.ReadAllBytes(path)); // Token by token: a document would take several times the file.
        bool hasMap = false;
        reader.Read();
        if (reader.TokenType == JsonTokenType.StartObject)
        {
            string folder = System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(path))!;
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                bool isMap = reader.ValueTextEquals("weight_map"u8);
                reader.Read();
                if (isMap && reader.TokenType == JsonTokenType.StartObject)
                    ReadMap(ref reader, folder);
                else
                    reader.Skip();
                hasMap |= isMap;
            }

            reader.Read(); // Throws where something follows.
        }

        if (!hasMap)
            throw Refuse("has no \"weight_map\", an object of tensor and file names expected");
        long stored = shards.Values.Sum(s => (long)s.Names.Count);
        if (names.Count == 0 || stored != names.Count)
            throw Refuse($"names {names.Count} tensors where the shards hold {stored}, the same expected");
    }

    private void ReadMap(ref Utf8JsonReader reader, string folder)
    {
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            string name = reader.GetString()!;
            reader.Read();
            string shardName = reader.TokenType == JsonTokenType.String && reader.ValueSpan.Length <= MaxFileNameBytes ? reader.GetString()! : "";
            reader.Skip();
            if (shardName.Length == 0 || shardName != System.IO.Path.GetFileName(shardName) || shardName is "." or "..")
                throw Refuse($"tensor '{OneLine.Of(name)}' is said to lie in '{OneLine.Of(shardName)}', a file of the same folder expected");
            Add(name, Shard(folder, shardName), shardName);
        }
    }

    private ITensorFile Shard(string folder, string shardName)
    {
        if (shards.TryGetValue(shardName, out var shard))
            return shard;
        if (shards.Count == MaxShards)
            throw Refuse($"names more than {MaxShards} files, fewer expected");
        shards.Add(shardName, shard = TensorFiles.OpenOne(System.IO.Path.Combine(folder, shardName)));
        return shard;
    }

    private void Add(string name, ITensorFile shard, string shardName)
    {
        if (!shard.TryGet(name, out _))
            throw Refuse($"tensor '{OneLine.Of(name)}' is not in '{OneLine.Of(shardName)}'");
        if (names.Count == SafetensorsHeader.MaxTensors || !shardOf.TryAdd(name, shard))
            throw Refuse($"tensor '{OneLine.Of(name)}' occurs twice or after {SafetensorsHeader.MaxTensors} others");
        names.Add(name);
    }

    private RobustifyException Refuse(string found) => new($"{Path}: {found}; use the index that belongs to the shards");
}
