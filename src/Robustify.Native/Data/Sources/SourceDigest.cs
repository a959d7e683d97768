using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using Robustify.Native.Data.Images;

namespace Robustify.Native.Data.Sources;

/// <summary>A digest of chosen images, to tell whether they are the same ones without reading them all.</summary>
internal static class SourceDigest
{
    // Enough to notice that a set was replaced or decoded otherwise; that one picture was mended is noticed by chance alone.
    private const int Samples = 64;

    /// <summary>SHA-256 over class names, indices, their labels and the pixels of images at equal distances among them, in hexadecimal.</summary>
    public static string Of(IImageSource source, int[] indices)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(Encoding.UTF8.GetBytes(string.Join('\n', source.ClassNames)));
        hash.AppendData(MemoryMarshal.AsBytes(indices.AsSpan()));
        hash.AppendData(MemoryMarshal.AsBytes(Array.ConvertAll(indices, source.Label).AsSpan()));
        var image = new Image8(1, 1, 1);
        for (int i = 0; i < Math.Min(Samples, indices.Length); i++)
        {
            source.Read(indices[(long)i * indices.Length / Math.Min(Samples, indices.Length)], image);
            hash.AppendData(MemoryMarshal.AsBytes([image.Height, image.Width, image.Channels]));
            hash.AppendData(image.Pixels);
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}
