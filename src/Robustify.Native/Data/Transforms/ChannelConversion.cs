using System.Runtime.CompilerServices;
using Robustify.Native.Data.Images;

namespace Robustify.Native.Data.Transforms;

/// <summary>Grey to RGB by replication and RGB to grey by luma (ITU-R 601-2 in 16-bit fixed point, as Pillow converts "RGB" to "L").</summary>
public static class ChannelConversion
{
    /// <summary>(19595 R + 38470 G + 7471 B + 32768) / 65536.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static byte Luma(byte red, byte green, byte blue) => (byte)((19595 * red + 38470 * green + 7471 * blue + 32768) >> 16);

    /// <summary>The image with <paramref name="channels"/> channels: itself where it has them, else <paramref name="converted"/>, filled.</summary>
    /// <param name="source">Grey or RGB.</param>
    /// <param name="channels">1 or 3.</param>
    /// <param name="converted">The caller's buffer.</param>
    public static Image8 Convert(Image8 source, int channels, Image8 converted)
    {
        if (source.Channels == channels)
            return source;
        converted.Reshape(source.Width, source.Height, channels);
        ReadOnlySpan<byte> pixels = source.Pixels;
        Span<byte> result = converted.Pixels;
        if (channels == 1)
        {
            for (int i = 0; i < result.Length; i++)
                result[i] = Luma(pixels[3 * i], pixels[3 * i + 1], pixels[3 * i + 2]);
        }
        else
        {
            for (int i = 0; i < pixels.Length; i++)
                result.Slice(3 * i, 3).Fill(pixels[i]);
        }

        return converted;
    }
}
