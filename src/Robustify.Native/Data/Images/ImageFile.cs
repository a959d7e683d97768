using Robustify.Kernels;
using SkiaSharp;

namespace Robustify.Native.Data.Images;

/// <summary>
/// Pictures in files: reads PNG, JPEG and WebP, writes PNG and JPEG. Pixels are taken as stored: no EXIF rotation and no colour-profile
/// conversion (as Pillow and the torchvision loaders do), alpha is dropped without blending, CMYK becomes RGB by (255-C)(255-K)/255, of
/// 16 bits a sample the upper eight are kept, of an animation the first frame.
/// </summary>
public static partial class ImageFile
{
    /// <summary>For the <c>channels</c> arguments: grey files give one channel, all others three.</summary>
    public const int ChannelsAsStored = 0;

    /// <summary>
    /// Pictures of more pixels are refused before decoding: a quarter of a GiB of RGB, where Pillow begins to warn of a "decompression bomb".
    /// </summary>
    public const long MaxPixels = 89_478_485;

    /// <summary>Files beyond this many bytes are refused before reading: <see cref="MaxPixels"/> uncompressed RGB pixels fit in it.</summary>
    public const long MaxFileBytes = 1L << 29;

    // A mebibyte of the codecs' four bytes a pixel: small pictures in one go, and strips stay in the cache.
    private const int StripPixels = 1 << 18;

    /// <summary>Whether the name's ending is one of a picture that <see cref="Read"/> takes: png, jpg, jpeg or webp, in any case.</summary>
    public static bool HasPictureExtension(ReadOnlySpan<char> path)
    {
        var extension = Path.GetExtension(path);
        return extension.Equals(".png", StringComparison.OrdinalIgnoreCase) || extension.Equals(".jpg", StringComparison.OrdinalIgnoreCase)
            || extension.Equals(".jpeg", StringComparison.OrdinalIgnoreCase) || extension.Equals(".webp", StringComparison.OrdinalIgnoreCase);
    }

    /// <summary>Reads a picture file into <paramref name="destination"/>, reshaping it.</summary>
    /// <param name="path">A PNG, JPEG or WebP file; the content decides, not the name.</param>
    /// <param name="destination">Takes the pixels; undefined when the call throws.</param>
    /// <param name="channels">1 = grey, 3 = RGB, or <see cref="ChannelsAsStored"/>.</param>
    /// <exception cref="RobustifyException">Unreadable, empty, truncated, damaged, too large, or not one of the formats.</exception>
    public static void Read(string path, Image8 destination, int channels)
    {
        using var bytes = FileBytes.Read(path, MaxFileBytes);
        Decode(bytes.Span, path, destination, channels);
    }

    /// <summary>Decodes a picture in memory into <paramref name="destination"/>, reshaping it.</summary>
    /// <param name="encoded">The bytes of a PNG, JPEG or WebP file.</param>
    /// <param name="name">What error messages call the picture.</param>
    /// <param name="destination">Takes the pixels; undefined when the call throws.</param>
    /// <param name="channels">1 = grey, 3 = RGB, or <see cref="ChannelsAsStored"/>.</param>
    /// <exception cref="RobustifyException">Empty, truncated, damaged, too large, or not one of the formats.</exception>
    public static unsafe void Decode(ReadOnlySpan<byte> encoded, string name, Image8 destination, int channels)
    {
        if (channels is not (ChannelsAsStored or 1 or 3))
            throw new RobustifyException($"{name}: {channels} channels asked for, 1 (grey) or 3 (RGB) expected");
        if (encoded.IsEmpty)
            throw new RobustifyException($"{name}: the file is empty, a PNG, JPEG or WebP picture expected; replace it");
        fixed (byte* address = encoded)
        {
            using var data = SKData.Create((nint)address, encoded.Length);
            using var codec = SKCodec.Create(data) ?? throw NotAPicture(encoded, name);
            if (codec.EncodedFormat is not (SKEncodedImageFormat.Png or SKEncodedImageFormat.Jpeg or SKEncodedImageFormat.Webp))
                throw new RobustifyException(
                    $"{name}: a {codec.EncodedFormat} picture found, PNG, JPEG or WebP expected; convert it first");
            RequireSize(codec, encoded, name);
            DecodePixels(codec, name, destination, channels);
        }
    }

    private static void RequireSize(SKCodec codec, ReadOnlySpan<byte> encoded, string name)
    {
        var (width, height) = (codec.Info.Width, codec.Info.Height);
        if (width > Image8.MaxSide || height > Image8.MaxSide || (long)width * height > MaxPixels)
            throw new RobustifyException(
                $"{name}: the header claims {width}x{height} pixels, at most {Image8.MaxSide} a side and {MaxPixels} in all expected; reduce the picture first");
        if (LeastBytes.Of(codec.EncodedFormat, encoded, width, height) is var least && encoded.Length < least)
            throw new RobustifyException(
                $"{name}: the header claims {width}x{height} pixels, {least} bytes at least expected of so many, {encoded.Length} found; the file is truncated or forged, replace it");
    }

    private static void DecodePixels(SKCodec codec, string name, Image8 destination, int channels)
    {
        SKImageInfo header = codec.Info;
        if (channels == ChannelsAsStored)
            channels = header.ColorType == SKColorType.Gray8 ? 1 : 3;

        // Premultiplying would blacken what lies under transparent pixels, so alpha is decoded unassociated and then dropped.
        // No colour space is set: values stay as stored.
        var alpha = header.AlphaType == SKAlphaType.Opaque ? SKAlphaType.Opaque : SKAlphaType.Unpremul;
        var layout = new SKImageInfo(header.Width, header.Height, SKColorType.Rgba8888, alpha);
        try
        {
            if (codec.StartScanlineDecode(layout) == SKCodecResult.Success && codec.ScanlineOrder == SKCodecScanlineOrder.TopDown)
                DecodeRows(codec, name, destination, channels);
            else
                DecodeWhole(codec, layout, name, destination, channels);
        }
        catch (OutOfMemoryException e)
        {
            throw new RobustifyException(
                $"{name}: {header.Width}x{header.Height} pixels found, too many for the memory of this machine; use fewer workers or reduce the picture", e);
        }
    }

    // JPEG: a strip of rows at a time.
    private static void DecodeRows(SKCodec codec, string name, Image8 destination, int channels)
    {
        destination.Reshape(codec.Info.Width, codec.Info.Height, channels);
        int width = destination.Width, row = width * channels, strip = Math.Min(Math.Max(StripPixels / width, 1), destination.Height);
        using var buffer = new NativePixels(width, strip, 4);
        for (int y = 0; y < destination.Height; y += strip)
        {
            int rows = Math.Min(strip, destination.Height - y);
            if (codec.GetScanlines(buffer.Address, rows, width * 4) < rows)
                throw Undecodable(SKCodecResult.IncompleteInput, name);
            PixelLayout.FromRgba(buffer.Span, destination.Pixels.Slice(y * row, rows * row), channels);
        }
    }

    // PNG row by row, which leaves the memory of missing rows untouched, so that the system never provides it; WebP in one piece.
    private static unsafe void DecodeWhole(SKCodec codec, SKImageInfo layout, string name, Image8 destination, int channels)
    {
        Span<byte> room = destination.Room(layout.BytesSize);
        fixed (byte* address = room)
        {
            SKCodecResult result = codec.StartIncrementalDecode(layout, (nint)address, layout.RowBytes) == SKCodecResult.Success
                ? codec.IncrementalDecode(out _)
                : codec.GetPixels(layout, (nint)address);
            if (result != SKCodecResult.Success)
                throw Undecodable(result, name);
        }

        destination.Reshape(layout.Width, layout.Height, channels);
        PixelLayout.FromRgba(room, destination.Pixels, channels);
    }

    private static RobustifyException Undecodable(SKCodecResult result, string name) => result == SKCodecResult.IncompleteInput
        ? new RobustifyException($"{name}: the picture ends before its last row; the file is truncated or damaged, replace it")
        : new RobustifyException($"{name}: the picture cannot be decoded ({result}); the file is damaged or truncated, replace it");

    private static RobustifyException NotAPicture(ReadOnlySpan<byte> encoded, string name)
    {
        string? format = encoded switch
        {
            [0x89, (byte)'P', (byte)'N', (byte)'G', ..] => "PNG",
            [0xFF, 0xD8, ..] => "JPEG",
            [(byte)'R', (byte)'I', (byte)'F', (byte)'F', ..] => "WebP",
            _ => null,
        };
        return format is null
            ? new RobustifyException($"{name}: not a picture, PNG, JPEG or WebP expected; remove it or convert it")
            : new RobustifyException(
                $"{name}: starts like a {format} file but its header is truncated, damaged or claims an impossible size; replace it");
    }
}
