using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Robustify.Kernels;
using Robustify.Native.Files;

namespace Robustify.Native.Evaluation.Transfer;

/// <summary>
/// Tables kept on disk under what they were computed from. A file is the magic word, the key with its length, rows and row length, the floats,
/// and the SHA-256 of all before. One that is not exactly that is computed again and replaced.
/// </summary>
/// <param name="folder">Where the files lie; made where missing.</param>
/// <param name="message">Takes one line for people.</param>
internal sealed class FeatureCache(string folder, Action<string> message)
{
    private const int PieceBytes = 1 << 20;

    private static ReadOnlySpan<byte> Magic => "robustify features 1\n"u8;

    /// <summary>Fills a table from the file of that key, or by <paramref name="compute"/>, whose result is then kept.</summary>
    /// <param name="key">Everything the table depends on, in words.</param>
    /// <param name="table">Filled.</param>
    /// <param name="compute">Fills it the long way.</param>
    /// <exception cref="RobustifyException">The folder cannot be written.</exception>
    public void Fill(string key, FeatureTable table, Action<FeatureTable> compute)
    {
        string path = Path.Combine(folder, Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(key)))[..32] + ".features");
        byte[] head = Head(key, table);
        if (File.Exists(path))
        {
            if (TryRead(path, head, table))
                return;
            message($"warning: {OneLine.Of(path, 400)}: damaged or of another format; computed again");
        }

        compute(table);
        Write(path, head, table);
    }

    private void Write(string path, byte[] head, FeatureTable table)
    {
        try
        {
            Directory.CreateDirectory(folder);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new RobustifyException($"{OneLine.Of(folder, 400)}: cannot be made ({OneLine.Of(e.Message, 400)}); name another folder with --cache", e);
        }

        AtomicFile.Write(path, stream =>
        {
            using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            stream.Write(head);
            hash.AppendData(head);
            for (long at = 0; at < table.Bytes; at += PieceBytes)
            {
                var piece = table.Piece(at, PieceBytes);
                stream.Write(piece);
                hash.AppendData(piece);
            }

            stream.Write(hash.GetHashAndReset());
        });
    }

    private static bool TryRead(string path, byte[] head, FeatureTable table)
    {
        try
        {
            using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0);
            if (file.Length != head.Length + table.Bytes + SHA256.HashSizeInBytes)
                return false;
            byte[] found = new byte[head.Length];
            file.ReadExactly(found);
            if (!found.AsSpan().SequenceEqual(head))
                return false;
            using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            hash.AppendData(found);
            for (long at = 0; at < table.Bytes; at += PieceBytes)
            {
                var piece = table.Piece(at, PieceBytes);
                file.ReadExactly(piece);
                hash.AppendData(piece);
            }

            byte[] digest = new byte[SHA256.HashSizeInBytes];
            file.ReadExactly(digest);
            return digest.AsSpan().SequenceEqual(hash.GetHashAndReset());
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    private static byte[] Head(string key, FeatureTable table)
    {
        byte[] text = Encoding.UTF8.GetBytes(key), head = new byte[Magic.Length + 3 * sizeof(int) + text.Length];
        Magic.CopyTo(head);
        var numbers = head.AsSpan(Magic.Length);
        BinaryPrimitives.WriteInt32LittleEndian(numbers, text.Length);
        BinaryPrimitives.WriteInt32LittleEndian(numbers[sizeof(int)..], table.Rows);
        BinaryPrimitives.WriteInt32LittleEndian(numbers[(2 * sizeof(int))..], table.RowLength);
        text.CopyTo(numbers[(3 * sizeof(int))..]);
        return head;
    }
}
