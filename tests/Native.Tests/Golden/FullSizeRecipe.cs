using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Robustify.Native.Models.Checkpoints;

namespace Robustify.Native.Tests.Golden;

/// <summary>
/// Full-size weights from the integer hash that a fixture's JSON describes, so that no weights need to be stored: value i of a tensor is
/// offset + scale (2 u - 1), u = the top 24 bits of splitmix64's output i, whose state starts at seed + FNV-1a(name).
/// </summary>
internal sealed class FullSizeRecipe
{
    private const string BatchCounter = ".num_batches_tracked";

    private readonly List<(string Name, long[] Shape, float[] Values)> tensors = [];

    public FullSizeRecipe(JsonElement json)
    {
        ulong seed = json.GetProperty("seed").GetUInt64();
        foreach (var tensor in json.GetProperty("tensors").EnumerateArray())
        {
            string name = tensor.GetProperty("name").GetString()!;
            long[] shape = [.. tensor.GetProperty("shape").EnumerateArray().Select(x => x.GetInt64())];
            if (name.EndsWith(BatchCounter, StringComparison.Ordinal))
                continue;
            tensors.Add((name, shape, Values(
                seed + HashOf(name), shape.Aggregate(1L, (a, b) => a * b), tensor.GetProperty("offset").GetDouble(),
                tensor.GetProperty("scale").GetDouble())));
        }
    }

    /// <summary>SHA-256 of all tensors in ordinal order of names; every batch normalisation has a counter that holds 1 (int64).</summary>
    public string Sha256()
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        byte[] one = new byte[sizeof(long)];
        BinaryPrimitives.WriteInt64LittleEndian(one, 1);
        var counters = tensors.Where(t => t.Name.EndsWith(".running_var", StringComparison.Ordinal))
            .Select(t => (Name: t.Name.Replace(".running_var", BatchCounter, StringComparison.Ordinal), Bytes: one));
        foreach (var (_, bytes) in tensors.Select(t => (t.Name, Bytes: Bytes(t.Values))).Concat(counters).OrderBy(t => t.Name, StringComparer.Ordinal))
            hash.AppendData(bytes);
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    /// <summary>Writes the weights as a checkpoint under the published names.</summary>
    public void Save(string path)
    {
        var writer = new SafetensorsWriter();
        foreach (var (name, shape, values) in tensors)
            writer.AddFloats(name, shape, values);
        writer.Save(path);
    }

    private static byte[] Bytes(float[] values)
    {
        byte[] bytes = new byte[values.Length * sizeof(float)];
        for (int i = 0; i < values.Length; i++)
            BinaryPrimitives.WriteSingleLittleEndian(bytes.AsSpan(i * sizeof(float)), values[i]);
        return bytes;
    }

    private static float[] Values(ulong state, long count, double offset, double scale)
    {
        float[] values = new float[count];
        for (int i = 0; i < values.Length; i++)
        {
            ulong h = state + (ulong)(i + 1) * 0x9E3779B97F4A7C15;
            h = (h ^ (h >> 30)) * 0xBF58476D1CE4E5B9;
            h = (h ^ (h >> 27)) * 0x94D049BB133111EB;
            h ^= h >> 31;
            values[i] = (float)(offset + scale * (2 * ((h >> 40) / 16777216.0) - 1));
        }

        return values;
    }

    private static ulong HashOf(string name)
    {
        ulong hash = 0xCBF29CE484222325;
        foreach (byte b in Encoding.UTF8.GetBytes(name))
            hash = (hash ^ b) * 0x100000001B3;
        return hash;
    }
}
