using System.Buffers.Binary;
using System.Text.Json;
using Robustify.Native.Models.Checkpoints;

namespace Robustify.Native.Tests.Fuzzing;

/// <summary>What files of tensors say, apart from the reader under test, and that the reader says the same.</summary>
internal static class StoredTensors
{
    /// <summary>Every tensor read must be one of a safetensors file in the folder: name, type, shape and bytes.</summary>
    public static void HoldAgainstSafetensors(ITensorFile read, string folder, string what)
    {
        var stored = Directory.GetFiles(folder, "*.safetensors").SelectMany(Safetensors).ToLookup(t => t.Name, StringComparer.Ordinal);
        foreach (string name in read.Names)
        {
            TensorEntry entry = read.Require(name);
            string type = entry.DType.HeaderName();
            long[] shape = entry.Shape;
            byte[] data = entry.Data.ToArray();
            Assert.True(
                stored[name].Any(t => t.Type == type && t.Shape.SequenceEqual(shape) && t.Data.AsSpan().SequenceEqual(data)), $"{what}: '{name}' is read wrongly");
        }
    }

    /// <summary>Where the whole tensors of a sound file lie in it, by name.</summary>
    public static Dictionary<string, (int Begin, int Length)> Places(ITensorFile sound)
    {
        var places = new Dictionary<string, (int, int)>(StringComparer.Ordinal);
        foreach (string name in sound.Names)
        {
            TensorEntry entry = sound.Require(name);
            if (entry.TryLocate(out _, out long begin))
                places.Add(name, ((int)begin, entry.Data.Length));
        }

        return places;
    }

    /// <summary>Whether nothing but elements differs, so that the file is as sound as it was.</summary>
    public static bool DifferInElementsAlone(byte[] original, byte[] mutated, Dictionary<string, (int Begin, int Length)> places)
    {
        if (original.Length != mutated.Length)
            return false;
        for (int i = 0; i < original.Length; i++)
        {
            if (original[i] != mutated[i] && !places.Values.Any(p => i >= p.Begin && i < p.Begin + p.Length))
                return false;
        }

        return true;
    }

    /// <summary>Every tensor read must have the bytes that lie at its place.</summary>
    public static void HoldAgainstPlaces(ITensorFile read, byte[] file, Dictionary<string, (int Begin, int Length)> places, string what)
    {
        foreach (var (name, (begin, length)) in places)
            Assert.True(read.Require(name).Data.SequenceEqual(file.AsSpan(begin, length)), $"{what}: '{name}' is read wrongly");
    }

    private static IEnumerable<(string Name, string Type, long[] Shape, byte[] Data)> Safetensors(string path)
    {
        byte[] file = File.ReadAllBytes(path);
        int start = 8 + (int)BinaryPrimitives.ReadUInt64LittleEndian(file);
        using var header = JsonDocument.Parse(file.AsMemory(8, start - 8));
        return [.. header.RootElement.EnumerateObject().Where(t => t.Name != "__metadata__").Select(t =>
        {
            long[] offsets = Numbers("data_offsets"), shape = Numbers("shape");
            return (t.Name, t.Value.GetProperty("dtype").GetString()!, shape, file[(start + (int)offsets[0])..(start + (int)offsets[1])]);

            long[] Numbers(string key) => [.. t.Value.GetProperty(key).EnumerateArray().Select(n => n.GetInt64())];
        })];
    }
}
