using SkiaSharp;

namespace Robustify.Native.Data.Images;

/// <summary>
/// How few bytes a picture of a given size can be coded in. A file that is shorter is truncated or forged, and is refused before memory
/// for its pixels is taken.
/// </summary>
internal static class LeastBytes
{
    // Deflate codes at most 258 bytes in two bits (RFC 1951).
    private const long DeflateRatio = 1032;

    // Every 8 x 8 block has a Huffman code of its own, of a bit at least (ITU-T T.81).
    private const long PixelsAByte = 8 * 64;

    // A WebP of one colour may be coded in a few bytes, so here nothing is impossible. But what would take more than 112 MiB as pixels and
    // bytes of the codec is no photograph where it has less than a JPEG must.
    private const long TrustedWebPPixels = 1 << 24;

    private const int HeaderBytes = 29;

    /// <summary>A lower bound; 0 where there is none.</summary>
    public static long Of(SKEncodedImageFormat format, ReadOnlySpan<byte> encoded, int width, int height) => format switch
    {
        SKEncodedImageFormat.Png when encoded.Length >= HeaderBytes => PngRows(encoded, width) * height / DeflateRatio,
        SKEncodedImageFormat.Jpeg => (long)width * height / PixelsAByte,
        SKEncodedImageFormat.Webp when (long)width * height > TrustedWebPPixels => (long)width * height / PixelsAByte,
        _ => 0,
    };

    // The header chunk stands first: signature, length, type, width, height, bits a sample, kind of colour.
    private static long PngRows(ReadOnlySpan<byte> encoded, int width)
    {
        int samples = encoded[25] switch { 2 => 3, 4 => 2, 6 => 4, _ => 1 };
        return ((long)width * samples * encoded[24] + 7) / 8 + 1;
    }
}
