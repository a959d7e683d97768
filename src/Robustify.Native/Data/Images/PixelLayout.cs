namespace Robustify.Native.Data.Images;

/// <summary>Moves pixels between the four-byte layout of the codecs and the one- and three-byte layouts of <see cref="Image8"/>.</summary>
internal static class PixelLayout
{
    /// <summary>
    /// Three channels or one; <paramref name="rgba"/> may hold more pixels than are asked for, and <paramref name="pixels"/> may lie in the same
    /// memory, from its beginning.
    /// </summary>
    public static void FromRgba(ReadOnlySpan<byte> rgba, Span<byte> pixels, int channels)
    {
        if (channels == 3)
            RgbaToRgb(rgba, pixels);
        else
            RgbaToGrey(rgba, pixels);
    }

    public static void RgbaToRgb(ReadOnlySpan<byte> rgba, Span<byte> rgb)
    {
        for (int from = 0, to = 0; to < rgb.Length; from += 4, to += 3)
        {
            rgb[to] = rgba[from];
            rgb[to + 1] = rgba[from + 1];
            rgb[to + 2] = rgba[from + 2];
        }
    }

    public static void RgbToRgba(ReadOnlySpan<byte> rgb, Span<byte> rgba)
    {
        for (int from = 0, to = 0; from < rgb.Length; from += 3, to += 4)
        {
            rgba[to] = rgb[from];
            rgba[to + 1] = rgb[from + 1];
            rgba[to + 2] = rgb[from + 2];
            rgba[to + 3] = byte.MaxValue;
        }
    }

    /// <summary>Pillow's "L": ITU-R 601 luma in 16-bit fixed point. The weights sum to 65536, so a grey pixel keeps its value.</summary>
    public static void RgbaToGrey(ReadOnlySpan<byte> rgba, Span<byte> grey)
    {
        for (int from = 0, to = 0; to < grey.Length; from += 4, to++)
            grey[to] = (byte)((19595 * rgba[from] + 38470 * rgba[from + 1] + 7471 * rgba[from + 2] + 32768) >> 16);
    }
}
