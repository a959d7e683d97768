using System.Buffers.Binary;
using System.IO.Compression;
using Robustify.Kernels.Random;

namespace Robustify.Native.Tests.Fuzzing;

/// <summary>An archive of PyTorch made anew, checksums true, with another pickle, other entries, or a directory that says something else.</summary>
internal static class ArchiveMutation
{
    private static readonly string[] Names = ["../data/0", "/etc/passwd", "archive/data.pkl", "data.pkl", "archive/data/0", "archive/data/../data/0", "", "archive/byteorder", "x/data.pkl"];

    public static byte[] Of(byte[] archive, PhiloxStream draws)
    {
        List<(string Name, byte[] Bytes)> entries = [];
        try
        {
            using var zip = new ZipArchive(new MemoryStream(archive));
            foreach (var entry in zip.Entries)
            {
                using var stream = entry.Open();
                var bytes = new MemoryStream();
                stream.CopyTo(bytes);
                entries.Add((entry.FullName, bytes.ToArray()));
            }
        }
        catch (Exception e) when (e is InvalidDataException or IOException or NotSupportedException or ArgumentException)
        {
            return Mutation.OfBytes(archive, draws); // What an earlier mutation left is no archive.
        }

        int pickle = entries.FindIndex(e => e.Name.EndsWith("data.pkl", StringComparison.Ordinal)), chosen = draws.NextInteger(0, Math.Max(1, entries.Count));
        if (entries.Count == 0 || pickle < 0)
            return Mutation.OfBytes(archive, draws);
        var level = CompressionLevel.NoCompression;
        switch (draws.NextInteger(0, 16))
        {
            case 0:
                entries[chosen] = (draws.Choose(Names), entries[chosen].Bytes);
                break;
            case 1:
                entries.Add((draws.Choose(Names), entries[chosen].Bytes));
                break;
            case 2:
                entries.RemoveAt(chosen);
                break;
            case 3:
                entries[chosen] = (entries[chosen].Name, Mutation.OfBytes(entries[chosen].Bytes, draws));
                break;
            case 4:
                entries[chosen] = (entries[chosen].Name, draws.Choose(entries).Bytes);
                break;
            case 5:
                level = CompressionLevel.Fastest;
                break;
            case 6 or 7 or 8:
                return Directory(Written(entries, level), draws);
            default:
                entries[pickle] = (entries[pickle].Name, PickleMutation.Of(entries[pickle].Bytes, pickles: 1, draws));
                break;
        }

        return Written(entries, level);
    }

    private static byte[] Written(List<(string Name, byte[] Bytes)> entries, CompressionLevel level)
    {
        var bytes = new MemoryStream();
        using (var zip = new ZipArchive(bytes, ZipArchiveMode.Create, leaveOpen: true))
        {
            foreach (var (name, content) in entries)
            {
                using var stream = zip.CreateEntry(name.Length == 0 ? "-" : name, level).Open();
                stream.Write(content);
            }
        }

        return bytes.ToArray();
    }

    /// <summary>Another number in one entry of the directory, in the record at its end, or in a 64-bit record put before that.</summary>
    private static byte[] Directory(byte[] archive, PhiloxStream draws)
    {
        uint[] numbers = [0, 1, 7, 30, 65535, (uint)archive.Length, int.MaxValue, uint.MaxValue, draws.NextWord()];
        var bytes = archive.ToList();
        var records = Find(archive, draws.NextInteger(0, 3) == 0 ? "PK\u0005\u0006"u8 : "PK\u0001\u0002"u8);
        int at = draws.Choose(records), field = draws.NextInteger(4, archive[at + 2] == 5 ? 20 : 44);
        if (draws.NextInteger(0, 4) > 0)
        {
            for (int i = 0, number = (int)draws.Choose(numbers), width = draws.NextInteger(0, 2) == 0 ? 2 : 4; i < width && at + field + i < bytes.Count; i++)
                bytes[at + field + i] = (byte)(number >> (8 * i));
            return [.. bytes];
        }

        // Its record of 56 bytes, then where that is in 20; the end's own numbers then say "look there".
        var record = new byte[76];
        "PK\u0006\u0006"u8.CopyTo(record);
        for (int i = 24; i < 56; i += 8)
            BinaryPrimitives.WriteUInt64LittleEndian(record.AsSpan(i), (ulong)draws.Choose(numbers) << (draws.NextInteger(0, 2) * 32));
        "PK\u0006\u0007"u8.CopyTo(record.AsSpan(56));
        int end = Find(archive, "PK\u0005\u0006"u8)[^1];
        BinaryPrimitives.WriteUInt64LittleEndian(record.AsSpan(64), draws.NextInteger(0, 4) == 0 ? ulong.MaxValue : (ulong)end);
        for (int i = 8; i < 20; i++)
            bytes[end + i] = 0xff;
        bytes.InsertRange(end, record);
        return [.. bytes];
    }

    private static List<int> Find(byte[] bytes, ReadOnlySpan<byte> signature)
    {
        var found = new List<int>();
        for (int at = bytes.AsSpan().IndexOf(signature), next; at >= 0; at = next < 0 ? -1 : at + 1 + next)
        {
            found.Add(at);
            next = bytes.AsSpan(at + 1).IndexOf(signature);
        }

        return found;
    }
}
