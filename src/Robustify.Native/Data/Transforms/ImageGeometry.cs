using Robustify.Native.Data.Images;

namespace Robustify.Native.Data.Transforms;

/// <summary>Crops and mirrors of 8-bit images.</summary>
internal static class ImageGeometry
{
    /// <summary>
    /// Copies the window whose top left corner is (<paramref name="left"/>, <paramref name="top"/>) in the source. Corners may be negative
    /// and windows may reach past the image: what lies outside is black.
    /// </summary>
    public static void Crop(Image8 source, int left, int top, int width, int height, Image8 destination)
    {
        destination.Reshape(width, height, source.Channels);
        int channels = source.Channels;
        int first = Math.Clamp(-left, 0, width), last = Math.Clamp(source.Width - left, first, width);
        for (int y = 0; y < height; y++)
        {
            var row = destination.Pixels.Slice(y * width * channels, width * channels);
            int sourceY = y + top;
            if (sourceY < 0 || sourceY >= source.Height)
            {
                row.Clear();
                continue;
            }

            row[..(first * channels)].Clear();
            row[(last * channels)..].Clear();
            if (last > first)
            {
                source.Pixels.Slice((sourceY * source.Width + left + first) * channels, (last - first) * channels)
                    .CopyTo(row[(first * channels)..]);
            }
        }
    }

    /// <summary>Mirrors each row in place.</summary>
    public static void FlipHorizontally(Image8 image)
    {
        int length = image.Width * image.Channels;
        for (int y = 0; y < image.Height; y++)
        {
            var row = image.Pixels.Slice(y * length, length);
            row.Reverse();
            if (image.Channels == 3)
            {
                // Reversing bytes turned RGB into BGR; swap it back.
                for (int i = 0; i + 2 < length; i += 3)
                    (row[i], row[i + 2]) = (row[i + 2], row[i]);
            }
        }
    }
}
