namespace Robustify.Native.Corruptions.Pixels;

/// <summary>What stands in for pixels outside the image.</summary>
internal static class Border
{
    /// <summary>The edge pixel repeated.</summary>
    public static int Nearest(int index, int size) => Math.Clamp(index, 0, size - 1);

    /// <summary>Mirrored with the edge pixel repeated (d c b a | a b c d | d c b a); period 2 size.</summary>
    public static int Reflect(int index, int size)
    {
        if ((uint)index < (uint)size)
            return index;
        int period = 2 * size, folded = ((index % period) + period) % period;
        return folded < size ? folded : period - 1 - folded;
    }

    /// <summary>Mirrored about the edge pixel (d c b | a b c d | c b a); period 2 size - 2.</summary>
    public static int Reflect101(int index, int size)
    {
        if ((uint)index < (uint)size)
            return index;
        if (size == 1)
            return 0;
        int period = 2 * size - 2, folded = ((index % period) + period) % period;
        return folded < size ? folded : period - folded;
    }
}
