using Robustify.Native.Data.Images;

namespace Robustify.Native.Augment.Operations;

/// <summary>Histograms of one channel and look-up tables over one channel or all of them.</summary>
internal static class PixelTable
{
    /// <summary>Number of values a byte can take.</summary>
    public const int Size = 256;

    /// <summary>Counts channel <paramref name="channel"/> of the image into 256 bins.</summary>
    public static void Histogram(Image8 image, int channel, Span<int> bins)
    {
        bins.Clear();
        ReadOnlySpan<byte> pixels = image.Pixels;
        for (int i = channel; i < pixels.Length; i += image.Channels)
            bins[pixels[i]]++;
    }

    /// <summary>Replaces each value of one channel by the table's entry.</summary>
    public static void Apply(Image8 image, int channel, ReadOnlySpan<byte> table)
    {
        table = table[..Size];
        Span<byte> pixels = image.Pixels;
        for (int i = channel; i < pixels.Length; i += image.Channels)
            pixels[i] = table[pixels[i]];
    }

    /// <summary>Replaces each value of every channel by the table's entry.</summary>
    public static void Apply(Image8 image, ReadOnlySpan<byte> table)
    {
        table = table[..Size];
        foreach (ref byte pixel in image.Pixels)
            pixel = table[pixel];
    }
}
