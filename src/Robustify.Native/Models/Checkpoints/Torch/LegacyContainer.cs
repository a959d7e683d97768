using System.Buffers.Binary;
using Robustify.Kernels;
using Robustify.Native.Files;

namespace Robustify.Native.Models.Checkpoints.Torch;

/// <summary>
/// The format of PyTorch before 1.6, still written where <c>_use_new_zipfile_serialization</c> is false: pickles of a magic number, a
/// version, facts of the machine, the object and the keys of its storages, then for each key the number of elements (64 bits) and the
/// elements. Source: torch/serialization.py (_legacy_save).
/// </summary>
internal sealed unsafe class LegacyContainer : TorchContainer
{
    private const int Version = 1001;
    private readonly Dictionary<string, (long Offset, long Length)> places = new(StringComparer.Ordinal);
    private readonly Dictionary<string, PickledStorage> storages = new(StringComparer.Ordinal);
    private long position;

    public LegacyContainer(MappedFile file, string path)
        : base(file, path)
    {
        Next(); // The magic number, by which the file was told.
        if (Next() is not (long)Version)
            throw Refuse($"is of another version than {Version}");
        if (Next() is not PickledDictionary machine || machine.Entries.Exists(e => e is ("little_endian", false)))
            throw Refuse("was written by a big-endian machine, a little-endian one expected");
        Root = Next(storages);
        if (Next() is not List<object?> keys)
            throw Refuse("has no list of storages after its pickle");
        foreach (object? key in keys)
            Place(key as string ?? "");
    }

    private static ReadOnlySpan<byte> Magic => [0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19];

    /// <summary>Whether a file that begins so is of this format: the magic number is its first pickle, in any protocol.</summary>
    public static bool IsMagic(ReadOnlySpan<byte> start) => start is [0x80, ..] && start.IndexOf(Magic) is > 0 and < 16;

    /// <inheritdoc/>
    public override (long Offset, long Length)? Find(PickledStorage storage) => places.TryGetValue(storage.Key, out var place) ? place : null;

    private object? Next(Dictionary<string, PickledStorage>? found = null)
    {
        var (root, length) = Unpickle(position, File.Length - position, found);
        position += length;
        return root;
    }

    private void Place(string key)
    {
        string shown = $"the storage '{OneLine.Of(key)}'";
        if (!storages.TryGetValue(key, out var storage) || places.ContainsKey(key))
            throw Refuse($"{shown} is listed twice or without a tensor in it");
        if (File.Length - position < sizeof(long))
            throw Refuse($"was cut before {shown}");
        long count = BinaryPrimitives.ReadInt64LittleEndian(new ReadOnlySpan<byte>(File.Start + position, sizeof(long)));
        position += sizeof(long);
        if (count != storage.Count || SafetensorsLayout.ByteCount(storage.DType, [count]) is not { } length || length > File.Length - position)
            throw Refuse($"{shown} has {count} elements at byte {position}, the {storage.Count} of its tensors within the file expected");
        places.Add(key, (position, length));
        position += length;
    }
}
