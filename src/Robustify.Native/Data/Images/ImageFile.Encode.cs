using Robustify.Kernels;
using SkiaSharp;

namespace Robustify.Native.Data.Images;

public static partial class ImageFile
{
    /// <summary>The encoding a file name's ending asks for: .png, .jpg or .jpeg in any case; null for any other.</summary>
    public static ImageEncoding? EncodingOf(ReadOnlySpan<char> path)
    {
        var extension = Path.GetExtension(path);
        if (extension.Equals(".png", StringComparison.OrdinalIgnoreCase))
            return ImageEncoding.Png;
        return extension.Equals(".jpg", StringComparison.OrdinalIgnoreCase) || extension.Equals(".jpeg", StringComparison.OrdinalIgnoreCase)
            ? ImageEncoding.Jpeg : null;
    }

    /// <summary>The bytes of a picture file.</summary>
    /// <param name="image">Grey or RGB.</param>
    /// <param name="encoding">The file format.</param>
    /// <param name="quality">JPEG only: 1 (coarse) to 100, libjpeg's scale. Integer "islow" DCT and 4:2:0 chroma, as Pillow's defaults.</param>
    /// <exception cref="RobustifyException">The quality is outside 1..100.</exception>
    public static byte[] Encode(Image8 image, ImageEncoding encoding, int quality = 85)
    {
        using SKData data = EncodeToData(image, encoding, quality);
        return data.ToArray();
    }

    /// <summary>
    /// Writes a picture file. The bytes go to a temporary name in the same folder, which is then renamed, so the file is never seen half
    /// written; a file of that name is replaced.
    /// </summary>
    /// <param name="path">The file; its folder must exist.</param>
    /// <param name="image">Grey or RGB.</param>
    /// <param name="encoding">The file format.</param>
    /// <param name="quality">JPEG only: 1..100.</param>
    /// <exception cref="RobustifyException">The quality is outside 1..100, or the file cannot be written.</exception>
    public static void Write(string path, Image8 image, ImageEncoding encoding, int quality = 85)
    {
        using SKData data = EncodeToData(image, encoding, quality);
        FileBytes.WriteAtomically(path, data.Span);
    }

    /// <summary>As <see cref="Encode"/>, in native memory that the caller disposes.</summary>
    internal static SKData EncodeToData(Image8 image, ImageEncoding encoding, int quality)
    {
        if (encoding == ImageEncoding.Jpeg && quality is < 1 or > 100)
            throw new RobustifyException($"JPEG encoder: quality {quality} found, 1..100 expected");
        bool grey = image.Channels == 1;
        using var buffer = new NativePixels(image.Width, image.Height, grey ? 1 : 4);
        if (grey)
            image.Pixels.CopyTo(buffer.Span);
        else
            PixelLayout.RgbToRgba(image.Pixels, buffer.Span);
        var layout = new SKImageInfo(image.Width, image.Height, grey ? SKColorType.Gray8 : SKColorType.Rgba8888, SKAlphaType.Opaque);
        using var pixmap = new SKPixmap(layout, buffer.Address);
        SKData? data = encoding == ImageEncoding.Jpeg
            ? pixmap.Encode(new SKJpegEncoderOptions(quality, SKJpegEncoderDownsample.Downsample420, SKJpegEncoderAlphaOption.Ignore))
            : pixmap.Encode(new SKPngEncoderOptions(SKPngEncoderFilterFlags.AllFilters, zLibLevel: 6));
        return data ?? throw new RobustifyException(
            $"{encoding} encoder: cannot encode a {image.Width}x{image.Height} image with {image.Channels} channels");
    }
}
