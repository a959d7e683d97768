using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Robustify.Native.Corruptions.Pixels;

/// <summary>Bytes of sums in single precision that stand for exact ones.</summary>
internal static class TruncatedLevels
{
    /// <summary>Sums stored at a time.</summary>
    public const int Block = 32;

    /// <summary>
    /// Clips 32 levels to 0..255, truncates and stores them. Returns a bit for each whose byte is in doubt: the exact sum, which lies within
    /// <paramref name="relative"/> times the level and <paramref name="absolute"/> of it, may be on the other side of a whole level.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Store(
        Vector256<float> sum0, Vector256<float> sum1, Vector256<float> sum2, Vector256<float> sum3, float relative, float absolute, ref byte destination)
    {
        Vector256<float> off0 = Off(sum0, relative, absolute), off1 = Off(sum1, relative, absolute);
        Vector256<float> off2 = Off(sum2, relative, absolute), off3 = Off(sum3, relative, absolute);
        var least = ToBytes(sum0 - off0, sum1 - off1, sum2 - off2, sum3 - off3);
        var most = ToBytes(sum0 + off0, sum1 + off1, sum2 + off2, sum3 + off3);
        least.StoreUnsafe(ref destination);
        return ~Vector256.Equals(least, most).ExtractMostSignificantBits();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> Off(Vector256<float> sum, float relative, float absolute) =>
        Vector256.FusedMultiplyAdd(sum, Vector256.Create(relative), Vector256.Create(absolute));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<byte> ToBytes(Vector256<float> a, Vector256<float> b, Vector256<float> c, Vector256<float> d)
    {
        Vector256<int> first = Vector256.ConvertToInt32(a), second = Vector256.ConvertToInt32(b);
        Vector256<int> third = Vector256.ConvertToInt32(c), fourth = Vector256.ConvertToInt32(d);
        if (Avx2.IsSupported)
        {
            // The packs work within halves; four bytes at a time go back to their places.
            var mixed = Avx2.PackUnsignedSaturate(Avx2.PackSignedSaturate(first, second), Avx2.PackSignedSaturate(third, fourth));
            return Vector256.Shuffle(mixed.AsInt32(), Vector256.Create(0, 4, 1, 5, 2, 6, 3, 7)).AsByte();
        }

        var zero = Vector256<int>.Zero;
        var low = Vector256.NarrowWithSaturation(Vector256.Max(first, zero).AsUInt32(), Vector256.Max(second, zero).AsUInt32());
        var high = Vector256.NarrowWithSaturation(Vector256.Max(third, zero).AsUInt32(), Vector256.Max(fourth, zero).AsUInt32());
        return Vector256.NarrowWithSaturation(low, high);
    }
}
