using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Robustify.Kernels.Cpu;
using Robustify.Native.Data.Images;
using Robustify.Native.Data.Sources;

namespace Robustify.Native.Evaluation.Transfer;

/// <summary>
/// A digest of the very images and labels that are used, in order: of their files' bytes in a folder of pictures, of their pixels elsewhere.
/// Where the set lies and what it is called counts for nothing.
/// </summary>
internal static class DataIdentity
{
    /// <summary>32 bytes in hexadecimal.</summary>
    public static string Of(IImageSource source, int[] indices, CpuThreads threads)
    {
        var body = new DigestBody
        {
            Source = source, Indices = indices, Digests = new byte[indices.Length][],
            Images = [.. Enumerable.Range(0, threads.Count).Select(_ => new Image8(1, 1, 1))],
        };
        threads.For(indices.Length, ref body);
        using var whole = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (byte[] digest in body.Digests)
            whole.AppendData(digest);
        return Convert.ToHexStringLower(whole.GetHashAndReset());
    }

    private struct DigestBody : IParallelBody
    {
        public IImageSource Source;
        public int[] Indices;
        public byte[][] Digests;
        public Image8[] Images;

        public readonly void Invoke(int index, int worker)
        {
            using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            int image = Indices[index];
            if (Source is FolderSource folder)
            {
                using var bytes = FileBytes.Read(folder.PathOf(image), ImageFile.MaxFileBytes);
                hash.AppendData(bytes.Span);
            }
            else
            {
                var pixels = Images[worker];
                Source.Read(image, pixels);
                hash.AppendData(MemoryMarshal.AsBytes<int>([pixels.Width, pixels.Height, pixels.Channels]));
                hash.AppendData(pixels.Pixels);
            }

            Span<byte> label = stackalloc byte[sizeof(int)];
            BinaryPrimitives.WriteInt32LittleEndian(label, Source.Label(image));
            hash.AppendData(label);
            Digests[index] = hash.GetHashAndReset();
        }
    }
}
