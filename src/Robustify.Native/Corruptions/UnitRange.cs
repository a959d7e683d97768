using System.Runtime.CompilerServices;

namespace Robustify.Native.Corruptions;

/// <summary>Between 8-bit levels and doubles in [0, 1], with the rounding of the reference.</summary>
internal static class UnitRange
{
    private static readonly double[] Units = [.. Enumerable.Range(0, 256).Select(level => level / 255.0)];

    /// <summary>level / 255 for each of the 256 levels; k / 255 * 255 truncates back to k for all of them.</summary>
    public static ReadOnlySpan<double> Levels => Units;

    /// <summary>Clips to [0, 1], multiplies by 255 and truncates, as <c>np.uint8(np.clip(x, 0, 1) * 255)</c>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static byte ToByte(double value) => (byte)(Math.Min(Math.Max(value, 0), 1) * 255);

    /// <summary>values[i] = levels[i] / 255.</summary>
    public static void FromBytes(ReadOnlySpan<byte> levels, Span<double> values)
    {
        ReadOnlySpan<double> units = Units;
        for (int i = 0; i < levels.Length; i++)
            values[i] = units[levels[i]];
    }

    /// <summary>levels[i] = <see cref="ToByte"/>(values[i]).</summary>
    public static void ToBytes(ReadOnlySpan<double> values, Span<byte> levels)
    {
        for (int i = 0; i < levels.Length; i++)
            levels[i] = ToByte(values[i]);
    }
}
