using System.Buffers.Binary;
using System.IO.Compression;

namespace Robustify.Native.Tests.Data.Sources;

/// <summary>Makes IDX files, right ones and wrong ones.</summary>
internal static class IdxBytes
{
    public const string TrainImages = "train-images-idx3-ubyte";
    public const string TrainLabels = "train-labels-idx1-ubyte";

    /// <summary>A header that claims <paramref name="sizes"/>, then <paramref name="body"/>, whether they agree or not.</summary>
    public static byte[] File(byte[] body, params uint[] sizes)
    {
        var file = new byte[4 + 4 * sizes.Length + body.Length];
        BinaryPrimitives.WriteUInt32BigEndian(file, 0x800u + (uint)sizes.Length);
        for (int i = 0; i < sizes.Length; i++)
            BinaryPrimitives.WriteUInt32BigEndian(file.AsSpan(4 + 4 * i), sizes[i]);
        body.CopyTo(file, 4 + 4 * sizes.Length);
        return file;
    }

    /// <summary>Bytes 0, 1, 2, …, so that every pixel of a small set differs from its neighbours.</summary>
    public static byte[] Ramp(int length) => [.. Enumerable.Range(0, length).Select(i => (byte)i)];

    public static byte[] Gzip(byte[] content)
    {
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Optimal, leaveOpen: true))
            gzip.Write(content);
        return packed.ToArray();
    }

    /// <summary>Writes a training part with these files, gzip where wanted.</summary>
    public static void Write(TemporaryFolder folder, byte[] images, byte[] labels, bool gzip)
    {
        folder.Write(TrainImages + (gzip ? ".gz" : ""), gzip ? Gzip(images) : images);
        folder.Write(TrainLabels + (gzip ? ".gz" : ""), gzip ? Gzip(labels) : labels);
    }
}
