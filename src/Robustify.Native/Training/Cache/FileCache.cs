using System.Buffers.Binary;
using System.IO.MemoryMappedFiles;
using System.Security.Cryptography;
using System.Text;
using Robustify.Kernels;
using Robustify.Native.Files;

namespace Robustify.Native.Training.Cache;

/// <summary>
/// In a file mapped into memory, to be used by later runs: a header, a SHA-256 of every entry, the entries. It bears its name only when it is
/// whole; what is stale (of another key) or damaged is told and made anew.
/// </summary>
internal sealed unsafe class FileCache : TrunkCache
{
    private const string Name = "trunk.cache", TemporaryName = "trunk.cache.tmp";
    private const int HeaderBytes = 4096, DigestBytes = SHA256.HashSizeInBytes;

    // Places in the header: magic, key, digest of the table of digests, then the two sizes.
    private const int KeyPlace = 16, TablePlace = 48, SizesPlace = 80;

    private readonly string path;
    private readonly byte[] key;
    private readonly MemoryMappedFile file;
    private readonly MemoryMappedViewAccessor view;
    private readonly byte* start;

    private FileCache(string path, byte[] key, long entryBytes, long entries, bool isComplete)
        : base(entryBytes, entries)
    {
        (this.path, this.key, IsComplete) = (path, key, isComplete);
        file = MemoryMappedFile.CreateFromFile(path, FileMode.Open, mapName: null, 0, MemoryMappedFileAccess.ReadWrite);
        view = file.CreateViewAccessor(0, 0, MemoryMappedFileAccess.ReadWrite);
        view.SafeMemoryMappedViewHandle.AcquirePointer(ref start);
    }

    private static ReadOnlySpan<byte> Magic => "robustify trunk1"u8;

    protected override nint Data => (nint)(start + DataOffset(Entries));

    /// <summary>Opens a directory's cache where it is whole and of this key, else makes room for a new one.</summary>
    /// <param name="folder">Made where missing.</param>
    /// <param name="description">All that the entries depend on; its digest is the key.</param>
    /// <param name="entryBytes">Bytes of an entry.</param>
    /// <param name="entries">How many.</param>
    /// <param name="say">Takes one line: what is used, or how much disk is taken and why.</param>
    /// <exception cref="RobustifyException">The folder cannot be written, or the disk has no room.</exception>
    public static FileCache Open(string folder, string description, long entryBytes, long entries, Action<string> say)
    {
        byte[] key = SHA256.HashData(Encoding.UTF8.GetBytes(description));
        string path = Path.Combine(folder, Name), temporary = Path.Combine(folder, TemporaryName);
        long bytes = DataOffset(entries) + entryBytes * entries;
        try
        {
            Directory.CreateDirectory(folder);
            File.Delete(temporary);
            if (File.Exists(path))
            {
                var found = Find(path, key, entryBytes, entries, bytes, out string fault);
                if (found is not null)
                {
                    say($"trunk cache: {path} is used, {Mebibytes(bytes)}");
                    return found;
                }

                say($"trunk cache: {path} {fault}; it is made anew");
                File.Delete(path);
            }

            long free = new DriveInfo(Path.GetFullPath(folder)).AvailableFreeSpace;
            say($"trunk cache: takes {Mebibytes(bytes)} of disk in {folder}, which has {Mebibytes(free)} free");
            if (bytes > free)
                throw new RobustifyException($"--trunk-cache {folder}: {Mebibytes(bytes)} needed, {Mebibytes(free)} free; choose a smaller --augment-bank or --trunk-type bf16, or another disk");
            // All of it is allotted now: a mapped file that grew into a full disk would end the process.
            using (new FileStream(temporary, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.ReadWrite, PreallocationSize = bytes }))
            {
            }

            using (var whole = new FileStream(temporary, FileMode.Open, FileAccess.ReadWrite))
                whole.SetLength(bytes);
            return new FileCache(temporary, key, entryBytes, entries, isComplete: false);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new RobustifyException($"--trunk-cache {folder}: cannot be used ({OneLine.Of(e.Message, 400)}); choose a folder that can be written and has {Mebibytes(bytes)}", e);
        }
    }

    /// <summary>Writes digests and header, brings all to the disk, and gives the file its name.</summary>
    public override void Complete()
    {
        for (long i = 0; i < Entries; i++)
            SHA256.HashData(Entry(i), Digest(i));
        var header = new Span<byte>(start, HeaderBytes);
        Magic.CopyTo(header);
        key.CopyTo(header[KeyPlace..]);
        HashTable(header.Slice(TablePlace, DigestBytes));
        BinaryPrimitives.WriteInt64LittleEndian(header[SizesPlace..], EntryBytes);
        BinaryPrimitives.WriteInt64LittleEndian(header[(SizesPlace + 8)..], Entries);
        view.Flush();
        using (var whole = new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite))
            whole.Flush(flushToDisk: true);
        // The mapping stays with the file, whatever its name.
        File.Move(path, Path.Combine(Path.GetDirectoryName(path)!, Name), overwrite: true);
        base.Complete();
    }

    public override void Dispose()
    {
        view.SafeMemoryMappedViewHandle.ReleasePointer();
        view.Dispose();
        file.Dispose();
        if (!IsComplete)
            File.Delete(path);
    }

    private static FileCache? Find(string path, byte[] key, long entryBytes, long entries, long bytes, out string fault)
    {
        fault = "";
        if (new FileInfo(path).Length < HeaderBytes)
        {
            fault = "is damaged (shorter than its header)";
            return null;
        }

        var header = new byte[HeaderBytes];
        using (var file = File.OpenRead(path))
            file.ReadExactly(header);
        if (!header.AsSpan().StartsWith(Magic))
            fault = "is no trunk cache of this version";
        else if (!header.AsSpan(KeyPlace, DigestBytes).SequenceEqual(key))
            fault = "is stale: it belongs to other models, data, preprocessing, augmentation, seed, bank or precision";
        else if (new FileInfo(path).Length != bytes)
            fault = $"is damaged ({new FileInfo(path).Length} bytes found, {bytes} expected)";
        if (fault.Length > 0)
            return null;
        var cache = new FileCache(path, key, entryBytes, entries, isComplete: true);
        fault = cache.FindDamage();
        if (fault.Length == 0)
            return cache;
        cache.Dispose();
        return null;
    }

    private string FindDamage()
    {
        var table = new byte[DigestBytes];
        HashTable(table);
        if (!table.AsSpan().SequenceEqual(new ReadOnlySpan<byte>(start + TablePlace, DigestBytes)))
            return "is damaged (its checksums do not agree)";
        Span<byte> digest = stackalloc byte[DigestBytes];
        for (long i = 0; i < Entries; i++)
        {
            SHA256.HashData(Entry(i), digest);
            if (!digest.SequenceEqual(Digest(i)))
                return $"is damaged (entry {i} of {Entries} does not agree with its checksum)";
        }

        return "";
    }

    private void HashTable(Span<byte> digest)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        for (long i = 0; i < Entries; i++)
            hash.AppendData(Digest(i));
        hash.GetHashAndReset(digest);
    }

    private Span<byte> Digest(long index) => new(start + HeaderBytes + index * DigestBytes, DigestBytes);

    private static long DataOffset(long entries) => (HeaderBytes + entries * DigestBytes + HeaderBytes - 1) / HeaderBytes * HeaderBytes;

    private static string Mebibytes(long bytes) => string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{bytes / 1048576.0:F1} MiB");
}
