using System.Runtime.CompilerServices;

namespace Robustify.Native.Corruptions.Pixels;

/// <summary>What stands in for pixels outside the image.</summary>
internal static class Border
{
    /// <summary>The edge pixel repeated.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Nearest(int index, int size) => Math.Clamp(index, 0, size - 1);

    /// <summary>Mirrored with the edge pixel repeated (d c b a | a b c d | d c b a); period 2 size.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Reflect(int index, int size)
    {
        return (uint)index < (uint)size ? index : FoldRepeating(index, size);
    }

    /// <summary>Mirrored about the edge pixel (d c b | a b c d | c b a); period 2 size - 2.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Reflect101(int index, int size)
    {
        return (uint)index < (uint)size ? index : Fold(index, size);
    }

    private static int FoldRepeating(int index, int size)
    {
        int period = 2 * size, folded = ((index % period) + period) % period;
        return folded < size ? folded : period - 1 - folded;
    }

    private static int Fold(int index, int size)
    {
        if (size == 1)
            return 0;
        int period = 2 * size - 2, folded = ((index % period) + period) % period;
        return folded < size ? folded : period - folded;
    }
}
