using System.Buffers;
using Robustify.Kernels;
using Robustify.Native.Files;

namespace Robustify.Native.Data.Images;

/// <summary>A whole file in a pooled buffer, and the counterpart that writes one atomically. Platform errors become one-line errors.</summary>
internal readonly ref struct FileBytes
{
    private readonly byte[] rented;
    private readonly int length;

    private FileBytes(byte[] rented, int length) => (this.rented, this.length) = (rented, length);

    public ReadOnlySpan<byte> Span => rented.AsSpan(0, length);

    public void Dispose() => ArrayPool<byte>.Shared.Return(rented);

    /// <summary>Reads a regular file of at most <paramref name="maxBytes"/> bytes.</summary>
    public static FileBytes Read(string path, long maxBytes)
    {
        byte[]? rented = null;
        try
        {
            long size = FileLength.Of(path);
            if (size == 0)
                throw new RobustifyException($"{path}: the file is empty, a PNG, JPEG or WebP picture expected; replace it");
            if (size > maxBytes)
                throw new RobustifyException($"{path}: {size} bytes found, at most {maxBytes} expected of a picture; reduce it first");
            using var handle = File.OpenHandle(path, options: FileOptions.SequentialScan);
            rented = ArrayPool<byte>.Shared.Rent((int)size);
            int length = 0;
            while (length < size)
            {
                int count = RandomAccess.Read(handle, rented.AsSpan(length, (int)size - length), length);
                if (count == 0)
                    break; // shrunk while we read: the decoder will find it truncated
                length += count;
            }

            return new FileBytes(rented, length);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or NotSupportedException or ArgumentException)
        {
            if (rented is not null)
                ArrayPool<byte>.Shared.Return(rented);
            string found = Directory.Exists(path) ? "a folder" : error is FileNotFoundException or DirectoryNotFoundException ? "no such file" : OneLine(error);
            throw new RobustifyException($"{path}: cannot be read ({found}); check the path and its permissions", error);
        }
    }

    /// <summary>Writes to a temporary name beside <paramref name="path"/>, then renames; on failure nothing is left behind.</summary>
    public static void WriteAtomically(string path, ReadOnlySpan<byte> bytes)
    {
        string temporary = $"{path}.{Environment.ProcessId}-{Environment.CurrentManagedThreadId}.tmp";
        try
        {
            try
            {
                File.WriteAllBytes(temporary, bytes);
                File.Move(temporary, path, overwrite: true);
            }
            catch
            {
                File.Delete(temporary);
                throw;
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or NotSupportedException or ArgumentException)
        {
            throw new RobustifyException(
                $"{path}: cannot be written ({OneLine(error)}); check the folder, its permissions and the free space", error);
        }
    }

    private static string OneLine(Exception error) => error.Message.ReplaceLineEndings(" ");
}
