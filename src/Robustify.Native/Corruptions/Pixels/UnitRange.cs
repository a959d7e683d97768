using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Robustify.Native.Corruptions.Pixels;

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
        int i = 0;
        if (Avx.IsSupported)
        {
            var full = Vector256.Create(255.0); // a quotient is rounded once, so these are the values of the table
            ref byte from = ref Unsafe.AsRef(in System.Runtime.InteropServices.MemoryMarshal.GetReference(levels));
            for (; i <= levels.Length - 8; i += 8)
            {
                var eight = PixelLanes.Load(ref Unsafe.Add(ref from, i));
                (Avx.ConvertToVector256Double(eight.GetLower()) / full).CopyTo(values[i..]);
                (Avx.ConvertToVector256Double(eight.GetUpper()) / full).CopyTo(values[(i + 4)..]);
            }
        }

        ReadOnlySpan<double> units = Units;
        for (; i < levels.Length; i++)
            values[i] = units[levels[i]];
    }

    /// <summary>levels[i] = <see cref="ToByte"/>(values[i]).</summary>
    public static void ToBytes(ReadOnlySpan<double> values, Span<byte> levels)
    {
        int i = 0;
        if (Avx.IsSupported)
        {
            for (; i <= values.Length - 8; i += 8)
                PixelLanes.Store(Vector256.Create(Truncate(values[i..]), Truncate(values[(i + 4)..])), ref levels[i]);
        }

        for (; i < values.Length; i++)
            levels[i] = ToByte(values[i]);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<int> Truncate(ReadOnlySpan<double> values)
    {
        var clipped = Vector256.Min(Vector256.Max(Vector256.Create(values), Vector256<double>.Zero), Vector256<double>.One);
        return Avx.ConvertToVector128Int32WithTruncation(clipped * Vector256.Create(255.0));
    }
}
