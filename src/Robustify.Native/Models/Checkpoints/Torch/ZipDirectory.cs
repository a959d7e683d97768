using System.Buffers.Binary;
using System.Text;
using Robustify.Kernels;
using Robustify.Native.Files;

namespace Robustify.Native.Models.Checkpoints.Torch;

/// <summary>
/// Where the entries of a zip archive lie in a mapped file. Only stored (uncompressed) entries can be had, which is how PyTorch writes tensors
/// so that they can be mapped; others (the code of TorchScript) may be there and are refused when asked for. Source: PKWARE's APPNOTE 6.3.10, sections 4.3.7 (local header), 4.3.12 (central directory), 4.3.14 to 4.3.16 (its
/// end, also in the 64-bit form), 4.5.3 (64-bit extra field).
/// </summary>
internal sealed unsafe class ZipDirectory
{
    private const int MaxEntries = 65536;
    private const int EndLength = 22;
    private const int CentralLength = 46;
    private const int LocalLength = 30;
    private const uint InExtraField = uint.MaxValue;
    private const long Packed = -1; // In place of the length of an entry that is not stored as it is.

    private readonly MappedFile file;
    private readonly string path;
    private readonly Dictionary<string, (long Offset, long Length)> entries = new(StringComparer.Ordinal);

    /// <exception cref="RobustifyException">No archive, or one that is cut or names an entry twice.</exception>
    public ZipDirectory(MappedFile file, string path)
    {
        (this.file, this.path) = (file, path);
        (long at, long length, long count) = FindCentral();
        if (count is < 0 or > MaxEntries || at < 0 || length < 0 || at > file.Length - length)
            throw Refuse($"a directory of {count} entries in {length} bytes at byte {at} is announced, which the file does not hold");
        long end = at + length;
        for (long i = 0; i < count; i++)
            at = AddEntry(at, end);
    }

    /// <summary>Names of the entries.</summary>
    public IReadOnlyCollection<string> Names => entries.Keys;

    /// <summary>Where an entry's bytes lie; null where there is none.</summary>
    /// <exception cref="RobustifyException">The entry is compressed or encrypted.</exception>
    public (long Offset, long Length)? Find(string name)
    {
        if (!entries.TryGetValue(name, out var place))
            return null;
        return place.Length != Packed
            ? place
            : throw Refuse($"entry '{OneLine.Of(name)}' is compressed or encrypted, a stored entry expected");
    }

    private ReadOnlySpan<byte> Bytes(long offset, int length) => offset >= 0 && offset <= file.Length - length
        ? new ReadOnlySpan<byte>(file.Start + offset, length)
        : throw Refuse($"{length} bytes at byte {offset} are expected, but the file has {file.Length}");

    private (long Offset, long Length, long Count) FindCentral()
    {
        // A comment of up to 64 KiB may follow the record.
        for (long at = file.Length - EndLength; at >= Math.Max(0, file.Length - EndLength - ushort.MaxValue); at--)
        {
            var end = Bytes(at, EndLength);
            if (Word(end) != 0x06054b50 || at + EndLength + Half(end[20..]) != file.Length)
                continue;
            (long offset, long length, long count) = (Word(end[16..]), Word(end[12..]), Half(end[10..]));
            bool isLong = offset == InExtraField || length == InExtraField || count == ushort.MaxValue;
            if (!isLong)
                return (offset, length, count);
            var locator = Bytes(at - 20, 20);
            if (Word(locator) != 0x07064b50)
                throw Refuse("its 64-bit directory is missing");
            var record = Bytes(Long(locator[8..]), 56);
            if (Word(record) != 0x06064b50)
                throw Refuse("its 64-bit directory is damaged");
            return (Long(record[48..]), Long(record[40..]), Long(record[32..]));
        }

        throw Refuse("the directory at its end is missing, so the file was cut");
    }

    private long AddEntry(long at, long end)
    {
        var central = Bytes(at, CentralLength);
        if (Word(central) != 0x02014b50)
            throw Refuse($"its directory is damaged at byte {at}");
        int nameLength = Half(central[28..]), extraLength = Half(central[30..]), commentLength = Half(central[32..]);
        long next = at + CentralLength + nameLength + extraLength + commentLength;
        if (next > end)
            throw Refuse($"its directory is cut at byte {at}");
        string name = Encoding.UTF8.GetString(Bytes(at + CentralLength, nameLength));
        if ((Half(central[8..]) & 1) != 0 || Half(central[10..]) != 0)
        {
            Add(name, (0, Packed));
            return next;
        }

        (long packed, long length, long local) = (Word(central[20..]), Word(central[24..]), Word(central[42..]));
        ReadLongFields(Bytes(at + CentralLength + nameLength, extraLength), ref length, ref packed, ref local);
        if (packed != length)
            throw Refuse($"entry '{OneLine.Of(name)}' has {packed} bytes for {length}, stored entries expected");
        var header = Bytes(local, LocalLength);
        if (Word(header) != 0x04034b50)
            throw Refuse($"entry '{OneLine.Of(name)}' is not at byte {local}");
        long offset = local + LocalLength + Half(header[26..]) + Half(header[28..]);
        if (length < 0 || offset > file.Length - length)
            throw Refuse($"entry '{OneLine.Of(name)}' of {length} bytes at byte {offset} reaches past the end of the file");
        Add(name, (offset, length));
        return next;
    }

    private void Add(string name, (long Offset, long Length) place)
    {
        if (!entries.TryAdd(name, place))
            throw Refuse($"entry '{OneLine.Of(name)}' is there twice");
    }

    /// <summary>The extra field with tag 1 holds those of the three numbers that do not fit 32 bits, in this order.</summary>
    private static void ReadLongFields(ReadOnlySpan<byte> extra, ref long length, ref long packed, ref long local)
    {
        while (extra.Length >= 4)
        {
            int size = Math.Min(Half(extra[2..]), extra.Length - 4);
            var field = extra.Slice(4, size);
            if (Half(extra) == 1)
            {
                Take(ref field, ref length);
                Take(ref field, ref packed);
                Take(ref field, ref local);
            }

            extra = extra[(4 + size)..];
        }

        static void Take(ref ReadOnlySpan<byte> field, ref long value)
        {
            if (value != InExtraField || field.Length < 8)
                return;
            value = Long(field);
            field = field[8..];
        }
    }

    private static int Half(ReadOnlySpan<byte> bytes) => BinaryPrimitives.ReadUInt16LittleEndian(bytes);

    private static long Word(ReadOnlySpan<byte> bytes) => BinaryPrimitives.ReadUInt32LittleEndian(bytes);

    private static long Long(ReadOnlySpan<byte> bytes) => BinaryPrimitives.ReadInt64LittleEndian(bytes);

    private RobustifyException Refuse(string found) => new($"{path}: {found}; use an intact file of torch.save");
}
