using Robustify.Native.Data.Images;

namespace Robustify.Native.Corruptions.Digital.Jpeg;

/// <summary>
/// What an image looks like after baseline JPEG with 4:2:0 chroma, coded and decoded by libjpeg at its defaults, bit for bit. The entropy code
/// loses nothing, so it is left out: only colour conversion, subsampling, transform and quantisation are done, and undone.
/// </summary>
internal static unsafe class JpegRoundTrip
{
    private const int Block = 8;

    /// <summary>Grey images are one component.</summary>
    public static void Apply(Image8 source, Image8 destination, QuantizationTable luma, QuantizationTable chroma, CorruptionScratch scratch)
    {
        if (source.Channels == 1)
            Grey(source, destination, luma, scratch);
        else
            Colour(source, destination, luma, chroma, scratch);
    }

    private static void Grey(Image8 source, Image8 destination, QuantizationTable luma, CorruptionScratch scratch)
    {
        int width = source.Width, height = source.Height, stride = RoundUp(width, Block), rows = RoundUp(height, Block);
        fixed (int* plane = scratch.Integers(0, stride * rows))
        {
            for (int y = 0; y < rows; y++)
            {
                ReadOnlySpan<byte> from = source.Pixels.Slice(Math.Min(y, height - 1) * width, width);
                for (int x = 0; x < stride; x++)
                    plane[y * stride + x] = from[Math.Min(x, width - 1)];
            }

            Code(plane, stride, rows, luma);
            for (int y = 0; y < height; y++)
            {
                Span<byte> to = destination.Pixels.Slice(y * width, width);
                for (int x = 0; x < width; x++)
                    to[x] = (byte)plane[y * stride + x];
            }
        }
    }

    private static void Colour(Image8 source, Image8 destination, QuantizationTable luma, QuantizationTable chroma, CorruptionScratch scratch)
    {
        // Whole units of 16x16, the edge repeated; what lies beyond the image decides coefficients but is not looked at again.
        int width = source.Width, height = source.Height, stride = RoundUp(width, 2 * Block), rows = RoundUp(height, 2 * Block);
        int halfStride = stride / 2, halfRows = rows / 2, halfWidth = (width + 1) / 2, halfHeight = (height + 1) / 2;
        Span<int> lines = scratch.Integers(3, 6 * stride);
        fixed (int* lumaPlane = scratch.Integers(0, stride * rows), blue = scratch.Integers(1, halfStride * halfRows))
        {
            fixed (int* red = scratch.Integers(2, halfStride * halfRows), line = lines)
            {
                for (int y = 0; y < rows; y += 2)
                {
                    for (int i = 0; i < 2; i++)
                    {
                        ReadOnlySpan<byte> from = source.Pixels.Slice(Math.Min(y + i, height - 1) * width * 3, width * 3);
                        ColourConversion.ToYcc(from, lumaPlane + (y + i) * stride, line + 2 * i * stride, line + (2 * i + 1) * stride, stride);
                    }

                    ChromaSampling.Halve(line, line + 2 * stride, blue + y / 2 * halfStride, halfStride);
                    ChromaSampling.Halve(line + stride, line + 3 * stride, red + y / 2 * halfStride, halfStride);
                }

                Code(lumaPlane, stride, rows, luma);
                Code(blue, halfStride, halfRows, chroma);
                Code(red, halfStride, halfRows, chroma);
                for (int y = 0; y < height; y++)
                {
                    int nearer = y / 2 * halfStride, farther = Math.Clamp(y / 2 + ((y & 1) == 0 ? -1 : 1), 0, halfHeight - 1) * halfStride;
                    ChromaSampling.Double(blue + nearer, blue + farther, line, halfWidth, line + 4 * stride);
                    ChromaSampling.Double(red + nearer, red + farther, line + 2 * stride, halfWidth, line + 4 * stride);
                    ColourConversion.ToRgb(lumaPlane + y * stride, line, line + 2 * stride, destination.Pixels.Slice(y * width * 3, width * 3));
                }
            }
        }
    }

    private static void Code(int* plane, int stride, int rows, QuantizationTable table)
    {
        for (int y = 0; y < rows; y += Block)
        {
            for (int x = 0; x < stride; x += Block)
                BlockTransform.RoundTrip(plane + (long)y * stride + x, stride, table);
        }
    }

    private static int RoundUp(int side, int unit) => (side + unit - 1) / unit * unit;
}
