using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Microsoft.Win32.SafeHandles;
using Robustify.Kernels;
using Robustify.Native.Data.Sources;

namespace Robustify.Native.Evaluation.Suites;

/// <summary>
/// An array of NumPy's file format, versions 1 to 3 (numpy.lib.format): little-endian integers in C order. Elements are read from the file
/// when asked for, from any thread.
/// </summary>
internal sealed partial class NpyFile
{
    private readonly SafeFileHandle file;
    private readonly long start;

    private NpyFile(SafeFileHandle file, long start, int elementBytes, long[] shape) =>
        (this.file, this.start, ElementBytes, Shape) = (file, start, elementBytes, shape);

    /// <summary>Bytes an element: 1, 2, 4 or 8.</summary>
    public int ElementBytes { get; }

    /// <summary>Sides.</summary>
    public long[] Shape { get; }

    /// <summary>Opens a file; every claim of its header is held against its length.</summary>
    /// <exception cref="RobustifyException">Missing, no .npy file, another type or order, or of another length than its header says.</exception>
    public static NpyFile Open(string path)
    {
        SafeFileHandle? file = null;
        try
        {
            file = File.OpenHandle(path, options: FileOptions.RandomAccess);
            long length = RandomAccess.GetLength(file);
            Span<byte> head = stackalloc byte[12];
            if (length < 12 || RandomAccess.Read(file, head, 0) < 12 || head[0] != 0x93 || !head[1..6].SequenceEqual("NUMPY"u8))
                throw SourceFile.Refuse(path, "no NumPy array found; use the .npy file of the released set");
            int prefix = head[6] == 1 ? 10 : 12;
            long headerLength = head[6] == 1 ? BinaryPrimitives.ReadUInt16LittleEndian(head[8..]) : BinaryPrimitives.ReadUInt32LittleEndian(head[8..]);
            if (head[6] is < 1 or > 3 || headerLength > 1 << 16 || prefix + headerLength > length)
                throw SourceFile.Refuse(path, "its header is damaged; copy or download the file again");
            byte[] text = new byte[headerLength];
            RandomAccess.Read(file, text, prefix);
            var (bytes, shape) = Parse(path, Encoding.UTF8.GetString(text));
            long needed = bytes;
            foreach (long side in shape)
                needed = checked(needed * side);
            if (length - prefix - headerLength != needed)
                throw SourceFile.Refuse(path, $"{length - prefix - headerLength} bytes of data found, {needed} expected by its header; copy or download the file again");
            return new(file, prefix + headerLength, bytes, shape);
        }
        catch (Exception e)
        {
            file?.Dispose();
            if (e is OverflowException)
                throw SourceFile.Refuse(path, "its header claims an impossible shape; copy or download the file again", e);
            if (SourceFile.IsPlatformError(e))
                throw SourceFile.Refuse(path, "cannot be read; name the folder of the released set", e);
            throw;
        }
    }

    /// <summary>Reads bytes from an offset into the data.</summary>
    public void Read(long offset, Span<byte> destination)
    {
        for (int read = 0; read < destination.Length;)
        {
            int count = RandomAccess.Read(file, destination[read..], start + offset + read);
            if (count == 0)
                throw new RobustifyException("NumPy array: the file became shorter while it was read; copy it again");
            read += count;
        }
    }

    /// <summary>All elements of an integer array.</summary>
    public long[] ReadIntegers()
    {
        byte[] bytes = new byte[checked((int)(ElementBytes * Shape.Aggregate(1L, (a, b) => a * b)))];
        Read(0, bytes);
        long[] values = new long[bytes.Length / ElementBytes];
        for (int i = 0; i < values.Length; i++)
        {
            for (int b = ElementBytes - 1; b >= 0; b--)
                values[i] = values[i] << 8 | bytes[i * ElementBytes + b];
        }

        return values;
    }

    private static (int Bytes, long[] Shape) Parse(string path, string header)
    {
        var match = Header().Match(header);
        if (!match.Success || header.Contains("'fortran_order': True", StringComparison.Ordinal))
            throw SourceFile.Refuse(path, $"'{header.Trim()}' found, unsigned bytes or integers in C order expected; use the .npy file of the released set");
        long[] shape = [.. match.Groups["shape"].Value.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
            .Select(s => long.TryParse(s, NumberStyles.None, CultureInfo.InvariantCulture, out long side) ? side : throw SourceFile.Refuse(path, $"side '{s}' found; copy or download the file again"))];
        return (int.Parse(match.Groups["bytes"].Value, CultureInfo.InvariantCulture), shape);
    }

    [GeneratedRegex(@"'descr':\s*'[|<][ui](?<bytes>[1248])'.*'shape':\s*\((?<shape>[\d, ]*)\)", RegexOptions.Singleline)]
    private static partial Regex Header();
}
