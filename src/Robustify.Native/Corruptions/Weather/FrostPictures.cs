using System.Runtime.CompilerServices;
using Robustify.Native.Data.Images;

namespace Robustify.Native.Corruptions.Weather;

/// <summary>The overlays at the sizes they are used in, made when first needed and shared by all workers.</summary>
internal sealed class FrostPictures(FrostOverlays overlays)
{
    // Data sets of unlike sizes would otherwise grow the cache without bound.
    private const int MaxKept = 64;
    private const long MaxKeptBytes = 256 << 20;

    // Of images up to so many pixels all overlays are made at once, so that later ones find theirs.
    private const int MadeTogether = 1 << 20;

    private readonly Lock gate = new();
    private readonly Dictionary<(int Index, double Scale, int Channels), Image8> made = [];
    private long keptBytes;

    public int Count => overlays.Pictures.Length;

    /// <summary>
    /// Overlay <paramref name="index"/> scaled by <paramref name="scale"/>, and enlarged as far as needed to be larger than the image on both
    /// sides (the published sizes never need that). The first call for a size makes all of them, unless it is large.
    /// </summary>
    public Image8 Get(int index, double scale, int width, int height, int channels)
    {
        lock (gate)
        {
            if (made.Count >= MaxKept || keptBytes > MaxKeptBytes)
            {
                made.Clear();
                keptBytes = 0;
            }

            for (int i = 0; i < Count && (long)width * height <= MadeTogether; i++)
                Make(i, Covering(overlays.Pictures[i], scale, width, height), channels);
            return Make(index, Covering(overlays.Pictures[index], scale, width, height), channels);
        }
    }

    private Image8 Make(int index, double scale, int channels)
    {
        if (scale == 1 && channels == 3)
            return overlays.Pictures[index];
        if (made.TryGetValue((index, scale, channels), out var picture))
            return picture;
        picture = Scale(overlays.Pictures[index], scale, channels);
        keptBytes += picture.Pixels.Length;
        made.Add((index, scale, channels), picture);
        return picture;
    }

    private static double Covering(Image8 overlay, double scale, int width, int height)
    {
        double cover = Math.Max((width + 1.0) / Scaled(overlay.Width, scale), (height + 1.0) / Scaled(overlay.Height, scale));
        return cover > 1 ? Math.Max((width + 1.0) / overlay.Width, (height + 1.0) / overlay.Height) : scale;
    }

    // OpenCV's bilinear resize: pixel centres, no antialiasing.
    private static Image8 Scale(Image8 overlay, double scale, int channels)
    {
        int width = Scaled(overlay.Width, scale), height = Scaled(overlay.Height, scale);
        var columns = new (int Left, int Right, double Fraction)[width];
        for (int x = 0; x < width; x++)
            columns[x] = Neighbours(x, scale, overlay.Width);
        var picture = new Image8(width, height, channels);
        Span<int> colour = stackalloc int[3];
        for (int y = 0; y < height; y++)
        {
            var (top, bottom, fractionY) = Neighbours(y, scale, overlay.Height);
            ReadOnlySpan<byte> above = Row(overlay, top), below = Row(overlay, bottom);
            Span<byte> row = picture.Pixels.Slice(y * width * channels, width * channels);
            for (int x = 0; x < width; x++)
            {
                var (left, right, fractionX) = columns[x];
                for (int channel = 0; channel < 3; channel++)
                {
                    double upper = above[left * 3 + channel] + fractionX * ((double)above[right * 3 + channel] - above[left * 3 + channel]);
                    double lower = below[left * 3 + channel] + fractionX * ((double)below[right * 3 + channel] - below[left * 3 + channel]);
                    colour[channel] = (int)(upper + fractionY * (lower - upper) + 0.5);
                }

                if (channels == 3)
                    (row[x * 3], row[x * 3 + 1], row[x * 3 + 2]) = ((byte)colour[0], (byte)colour[1], (byte)colour[2]);
                else
                    row[x] = (byte)((19595 * colour[0] + 38470 * colour[1] + 7471 * colour[2] + 32768) >> 16);
            }
        }

        return picture;
    }

    private static ReadOnlySpan<byte> Row(Image8 overlay, int y) => overlay.Pixels.Slice(y * overlay.Width * 3, overlay.Width * 3);

    private static (int Before, int After, double Fraction) Neighbours(int index, double scale, int size)
    {
        double at = Math.Clamp((index + 0.5) / scale - 0.5, 0, size - 1);
        int before = (int)at;
        return (before, Math.Min(before + 1, size - 1), at - before);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int Scaled(int side, double scale) => Math.Max((int)Math.Round(side * scale, MidpointRounding.ToEven), 1);
}
