using Robustify.Kernels;
using SkiaSharp;

namespace Robustify.Native.Data.Images;

/// <summary>Decodes picture files.</summary>
public static class ImageFile
{
    /// <summary>Decodes a PNG, JPEG or WebP file as <paramref name="channels"/> (1 grey, 3 RGB), reshaping <paramref name="destination"/>.</summary>
    /// <exception cref="RobustifyException">The file is missing or cannot be decoded.</exception>
    public static void Read(string path, Image8 destination, int channels)
    {
        using var bitmap = SKBitmap.Decode(path)
            ?? throw new RobustifyException($"{path}: cannot be decoded, a PNG, JPEG or WebP picture expected; replace or remove the file");
        destination.Reshape(bitmap.Width, bitmap.Height, channels);
        var pixels = destination.Pixels;
        for (int y = 0, at = 0; y < bitmap.Height; y++)
            for (int x = 0; x < bitmap.Width; x++)
            {
                var color = bitmap.GetPixel(x, y);
                if (channels == 1)
                {
                    pixels[at++] = (byte)((299 * color.Red + 587 * color.Green + 114 * color.Blue + 500) / 1000);
                    continue;
                }

                pixels[at++] = color.Red;
                pixels[at++] = color.Green;
                pixels[at++] = color.Blue;
            }
    }
}
