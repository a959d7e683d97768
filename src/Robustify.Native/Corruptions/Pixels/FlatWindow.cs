namespace Robustify.Native.Corruptions.Pixels;

/// <summary>
/// Where all pixels under a kernel are one colour its sums lie on whole levels, or the last bit beside them, so that no float decides the
/// byte; but there the byte depends on the level alone, and a table of 256 holds it.
/// </summary>
internal static class FlatWindow
{
    /// <summary>Whether the pixels that a kernel sees from part of a row are all equal; borders are repeated or mirrored.</summary>
    /// <param name="pixels">An interleaved image.</param>
    /// <param name="row">Elements a row.</param>
    /// <param name="channels">Elements a pixel.</param>
    /// <param name="y">The row.</param>
    /// <param name="first">The part's first element.</param>
    /// <param name="end">The element behind its last.</param>
    /// <param name="reach">Pixels that the kernel reaches to each side.</param>
    public static bool Is(ReadOnlySpan<byte> pixels, int row, int channels, int y, int first, int end, int reach)
    {
        int height = pixels.Length / row, top = Math.Max(y - reach, 0), bottom = Math.Min(y + reach, height - 1);
        int left = Math.Max(first / channels - reach, 0) * channels, right = Math.Min((end - 1) / channels + 1 + reach, row / channels) * channels;
        ReadOnlySpan<byte> one = pixels[(top * row + left)..(top * row + right)];
        if (!one[channels..].SequenceEqual(one[..^channels]))
            return false;
        for (int other = top + 1; other <= bottom; other++)
        {
            if (!one.SequenceEqual(pixels.Slice(other * row + left, one.Length)))
                return false;
        }

        return true;
    }
}
