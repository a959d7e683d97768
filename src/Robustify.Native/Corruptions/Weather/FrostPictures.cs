using System.Runtime.CompilerServices;
using Robustify.Native.Data.Images;

namespace Robustify.Native.Corruptions.Weather;

/// <summary>The overlays at the sizes they are used in, made when first needed and shared by all workers.</summary>
internal sealed class FrostPictures(FrostOverlays overlays)
{
    // Data sets of unlike sizes would otherwise grow the cache without bound.
    private const int MaxKept = 64;

    private readonly Lock gate = new();
    private readonly Dictionary<(int Index, double Scale, int Channels), Image8> made = [];

    public int Count => overlays.Pictures.Length;

    /// <summary>
    /// Overlay <paramref name="index"/> scaled by <paramref name="scale"/>, and enlarged as far as needed to be larger than the image on both
    /// sides (the published sizes never need that). The first call for a size makes all of them.
    /// </summary>
    public Image8 Get(int index, double scale, int width, int height, int channels)
    {
        lock (gate)
        {
            if (made.Count >= MaxKept)
                made.Clear();
            for (int i = 0; i < Count; i++)
                Make(i, Covering(overlays.Pictures[i], scale, width, height), channels);
            return Make(index, Covering(overlays.Pictures[index], scale, width, height), channels);
        }
    }

    private Image8 Make(int index, double scale, int channels)
    {
        if (scale == 1 && channels == 3)
            return overlays.Pictures[index];
        if (!made.TryGetValue((index, scale, channels), out var picture))
            made.Add((index, scale, channels), picture = Scale(overlays.Pictures[index], scale, channels));
        return picture;
    }

    private static double Covering(Image8 overlay, double scale, int width, int height)
    {
        double cover = Math.Max((width + 1.0) / Scaled(overlay.Width, scale), (height + 1.0) / Scaled(overlay.Height, scale));
        return cover > 1 ? Math.Max((width + 1.0) / overlay.Width, (height + 1.0) / overlay.Height) : scale;
    }

    private static Image8 Scale(Image8 overlay, double scale, int channels)
    {
        int width = Scaled(overlay.Width, scale), height = Scaled(overlay.Height, scale);
        var picture = new Image8(width, height, channels);
        for (int y = 0; y < height; y++)
        {
            for (int x = 0; x < width; x++)
            {
                int red = Sample(overlay, x, y, scale, 0), green = Sample(overlay, x, y, scale, 1), blue = Sample(overlay, x, y, scale, 2);
                Span<byte> pixel = picture.Pixels.Slice((y * width + x) * channels, channels);
                if (channels == 3)
                    (pixel[0], pixel[1], pixel[2]) = ((byte)red, (byte)green, (byte)blue);
                else
                    pixel[0] = (byte)((19595 * red + 38470 * green + 7471 * blue + 32768) >> 16);
            }
        }

        return picture;
    }

    // OpenCV's bilinear resize: pixel centres, no antialiasing.
    private static int Sample(Image8 overlay, int x, int y, double scale, int channel)
    {
        if (scale == 1)
            return overlay.Pixels[(y * overlay.Width + x) * 3 + channel];
        var (left, right, fractionX) = Neighbours(x, scale, overlay.Width);
        var (top, bottom, fractionY) = Neighbours(y, scale, overlay.Height);
        double upper = At(left, top) + fractionX * (At(right, top) - At(left, top));
        double lower = At(left, bottom) + fractionX * (At(right, bottom) - At(left, bottom));
        return (int)(upper + fractionY * (lower - upper) + 0.5);

        double At(int atX, int atY) => overlay.Pixels[(atY * overlay.Width + atX) * 3 + channel];
    }

    private static (int Before, int After, double Fraction) Neighbours(int index, double scale, int size)
    {
        double at = Math.Clamp((index + 0.5) / scale - 0.5, 0, size - 1);
        int before = (int)at;
        return (before, Math.Min(before + 1, size - 1), at - before);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int Scaled(int side, double scale) => Math.Max((int)Math.Round(side * scale, MidpointRounding.ToEven), 1);
}
