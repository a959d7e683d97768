using System.Buffers.Binary;
using System.IO.Compression;

namespace Robustify.Native.Data.Sources;

/// <summary>
/// One IDX file of unsigned bytes, plain or gzip by its name: a big-endian magic number (0x0000 08 and the number of dimensions), the
/// size of each dimension as 32 bits, the bytes (LeCun, Cortes, Burges, "The MNIST database"). The header is not believed: memory is
/// taken for a plain file when its length agrees, for a gzip file as the data arrives.
/// </summary>
internal sealed class IdxFile : IDisposable
{
    private const int GzipEndLength = 8; // CRC-32, then the length modulo 2^32
    private const int SmallestGzip = 10 + 2 + GzipEndLength;
    private const int MaxDeflateRatio = 1032; // a code of 2 bits for a run of 258 bytes, the best deflate can do
    private const int FirstBufferLength = 1 << 20;

    private readonly string path;
    private readonly FileStream file;
    private readonly Stream content;
    private readonly byte[] header;
    private readonly bool compressed;

    /// <summary>Opens the file and reads the header.</summary>
    public IdxFile(string path, int dimensions)
    {
        this.path = path;
        compressed = path.EndsWith(".gz", StringComparison.Ordinal);
        header = new byte[4 + 4 * dimensions];
        file = SourceFile.Open(path, compressed ? SmallestGzip : header.Length, compressed ? "a gzip IDX file" : "an IDX file");
        content = compressed ? new GZipStream(file, CompressionMode.Decompress) : file;
        try
        {
            ReadHeader();
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>Size of each dimension, as the header says.</summary>
    public uint Size(int dimension) => BinaryPrimitives.ReadUInt32BigEndian(header.AsSpan(4 + 4 * dimension));

    /// <summary>The bytes after the header: exactly as many as it says, to the end of the file.</summary>
    public byte[] ReadBody()
    {
        UInt128 claimed = 1;
        for (int dimension = 0; 4 + 4 * dimension < header.Length; dimension++)
            claimed *= Size(dimension); // three sizes of 32 bits fit in 128
        try
        {
            if (!compressed && claimed != (UInt128)(file.Length - header.Length))
                throw Damaged($"{file.Length - header.Length} bytes after the header found, {claimed} expected by the header");
            if (compressed && claimed > (UInt128)file.Length * MaxDeflateRatio)
                throw Damaged($"{file.Length} bytes of gzip found, the header claims {claimed} bytes, more than they can hold");
            if (claimed > SourceFile.MaxBytes)
                throw SourceFile.Refuse(path, $"{claimed} bytes claimed, at most {SourceFile.MaxBytes} supported; use a smaller set");
            return compressed ? Decompress((int)claimed) : ReadPlain((int)claimed);
        }
        catch (Exception e) when (SourceFile.IsPlatformError(e))
        {
            throw SourceFile.Refuse(path, "damaged or unreadable; copy or download the file again", e);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        content.Dispose();
        file.Dispose();
    }

    private void ReadHeader()
    {
        int found;
        try
        {
            found = content.ReadAtLeast(header, header.Length, throwOnEndOfStream: false);
        }
        catch (Exception e) when (SourceFile.IsPlatformError(e))
        {
            throw SourceFile.Refuse(path, "no readable gzip file; copy or download the file again", e);
        }

        if (found < header.Length)
            throw Damaged($"ends after {found} bytes, a header of {header.Length} expected");
        uint magic = BinaryPrimitives.ReadUInt32BigEndian(header), expected = 0x800u + (uint)(header.Length / 4 - 1);
        if (magic != expected)
        {
            bool gzip = magic >> 16 == 0x1F8B;
            throw SourceFile.Refuse(path, $"magic number 0x{magic:x8} found, 0x{expected:x8} expected; "
                + (gzip ? "the file is gzip: add .gz to its name" : "give an IDX file of unsigned bytes with the usual name"));
        }
    }

    private byte[] ReadPlain(int length)
    {
        var body = new byte[length];
        content.ReadExactly(body);
        return body;
    }

    private byte[] Decompress(int length)
    {
        var body = new byte[Math.Min(length, FirstBufferLength)];
        int filled = 0;
        while (filled < length)
        {
            if (filled == body.Length)
                Array.Resize(ref body, (int)Math.Min(length, 2L * body.Length));
            int read = content.Read(body, filled, body.Length - filled);
            if (read == 0)
                throw Damaged($"ends after {filled} bytes of data, {length} expected by the header");
            filled += read;
        }

        if (content.ReadByte() >= 0)
            throw Damaged($"more than the {length} bytes of data found that the header claims");
        CheckGzipEnd(body);
        return body;
    }

    /// <summary>The runtime's reader accepts a file cut off within its last eight bytes, so they are checked here.</summary>
    private void CheckGzipEnd(byte[] body)
    {
        Span<byte> end = stackalloc byte[GzipEndLength];
        file.Position = file.Length - GzipEndLength;
        file.ReadExactly(end);
        uint checksum = Crc32.Append(Crc32.Append(0, header), body);
        if (BinaryPrimitives.ReadUInt32LittleEndian(end) != checksum
            || BinaryPrimitives.ReadUInt32LittleEndian(end[4..]) != (uint)(header.Length + body.Length))
            throw Damaged("does not end in the checksum and length of one gzip stream: truncated, damaged or with something appended");
    }

    private Exception Damaged(string problem) => SourceFile.Refuse(path, $"{problem}; copy or download the file again");
}
