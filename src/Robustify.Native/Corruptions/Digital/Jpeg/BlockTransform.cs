using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Robustify.Native.Corruptions.Digital.Jpeg;

/// <summary>
/// What coding does to a block of 8x8 samples: the accurate integer transform of libjpeg ("islow": C. Loeffler, A. Ligtenberg and G. Moschytz,
/// "Practical fast 1-D DCT algorithms with 11 multiplications", ICASSP 1989), quantisation, and back, bit for bit. A vector is a row;
/// one pass transforms all columns at once.
/// </summary>
internal static unsafe class BlockTransform
{
    private const int ConstantBits = 13;
    private const int ExtraBits = 2; // kept between the passes
    private const int Centre = 128;

    /// <summary>Replaces the block at <paramref name="samples"/>, 0..255, rows <paramref name="stride"/> elements apart.</summary>
    public static void RoundTrip(int* samples, int stride, QuantizationTable table)
    {
        Rows block = default;
        for (int y = 0; y < 8; y++)
            block[y] = Vector256.Load(samples + y * stride) - Vector256.Create(Centre);
        Transpose(ref block);
        Forward(ref block, first: true);
        Transpose(ref block);
        Forward(ref block, first: false);
        for (int y = 0; y < 8; y++)
            block[y] = Quantize(block[y], table, y);
        Inverse(ref block, ConstantBits - ExtraBits);
        Transpose(ref block);
        Inverse(ref block, ConstantBits + ExtraBits + 3);
        Transpose(ref block);
        for (int y = 0; y < 8; y++)
        {
            var sample = Vector256.Min(Vector256.Max(block[y] + Vector256.Create(Centre), Vector256<int>.Zero), Vector256.Create(255));
            sample.Store(samples + y * stride);
        }
    }

    // Rounded half away from zero, then scaled back. A quotient of whole numbers below 2^24 never rounds up to the next one.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<int> Quantize(Vector256<int> coefficients, QuantizationTable table, int row)
    {
        var magnitude = Vector256.ConvertToSingle(Vector256.Abs(coefficients) + table.Halves[row]);
        var level = Vector256.ConvertToInt32(magnitude / table.Divisors[row]) * table.Steps[row];
        var sign = coefficients >> 31;
        return (level ^ sign) - sign;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Forward(ref Rows b, bool first)
    {
        Vector256<int> even0 = b[0] + b[7], odd7 = b[0] - b[7], even1 = b[1] + b[6], odd6 = b[1] - b[6];
        Vector256<int> even2 = b[2] + b[5], odd5 = b[2] - b[5], even3 = b[3] + b[4], odd4 = b[3] - b[4];
        Vector256<int> t10 = even0 + even3, t13 = even0 - even3, t11 = even1 + even2, t12 = even1 - even2;
        int shift = first ? ConstantBits - ExtraBits : ConstantBits + ExtraBits;
        b[0] = first ? (t10 + t11) << ExtraBits : Descale(t10 + t11, ExtraBits);
        b[4] = first ? (t10 - t11) << ExtraBits : Descale(t10 - t11, ExtraBits);
        var common = (t12 + t13) * 4433; // 0.541196100
        b[2] = Descale(common + t13 * 6270, shift); // 0.765366865
        b[6] = Descale(common - t12 * 15137, shift); // 1.847759065
        var (z1, z2, z3, z4) = OddTerms(odd4, odd5, odd6, odd7);
        b[7] = Descale(odd4 * 2446 + z1 + z3, shift); // 0.298631336
        b[5] = Descale(odd5 * 16819 + z2 + z4, shift); // 2.053119869
        b[3] = Descale(odd6 * 25172 + z2 + z3, shift); // 3.072711026
        b[1] = Descale(odd7 * 12299 + z1 + z4, shift); // 1.501321110
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Inverse(ref Rows b, int shift)
    {
        var common = (b[2] + b[6]) * 4433;
        Vector256<int> e2 = common - b[6] * 15137, e3 = common + b[2] * 6270;
        Vector256<int> e0 = (b[0] + b[4]) << ConstantBits, e1 = (b[0] - b[4]) << ConstantBits;
        Vector256<int> t10 = e0 + e3, t13 = e0 - e3, t11 = e1 + e2, t12 = e1 - e2;
        var (z1, z2, z3, z4) = OddTerms(b[7], b[5], b[3], b[1]);
        Vector256<int> o0 = b[7] * 2446 + z1 + z3, o1 = b[5] * 16819 + z2 + z4, o2 = b[3] * 25172 + z2 + z3, o3 = b[1] * 12299 + z1 + z4;
        b[0] = Descale(t10 + o3, shift);
        b[7] = Descale(t10 - o3, shift);
        b[1] = Descale(t11 + o2, shift);
        b[6] = Descale(t11 - o2, shift);
        b[2] = Descale(t12 + o1, shift);
        b[5] = Descale(t12 - o1, shift);
        b[3] = Descale(t13 + o0, shift);
        b[4] = Descale(t13 - o0, shift);
    }

    // The rotations that the odd half of both transforms shares.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static (Vector256<int> Z1, Vector256<int> Z2, Vector256<int> Z3, Vector256<int> Z4) OddTerms(
        Vector256<int> a, Vector256<int> b, Vector256<int> c, Vector256<int> d)
    {
        Vector256<int> z3 = a + c, z4 = b + d, z5 = (z3 + z4) * 9633; // 1.175875602
        return ((a + d) * -7373, (b + c) * -20995, z5 - z3 * 16069, z5 - z4 * 3196); // 0.899976223, 2.562915447, 1.961570560, 0.390180644
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<int> Descale(Vector256<int> value, int bits) => (value + Vector256.Create(1 << (bits - 1))) >> bits;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Transpose(ref Rows b)
    {
        for (int i = 0; i < 8; i += 4)
        {
            // 4x4 in each half, then the halves change places.
            Vector256<int> low01 = Low(b[i], b[i + 1]), high01 = High(b[i], b[i + 1]), low23 = Low(b[i + 2], b[i + 3]), high23 = High(b[i + 2], b[i + 3]);
            b[i] = LowPairs(low01, low23);
            b[i + 1] = HighPairs(low01, low23);
            b[i + 2] = LowPairs(high01, high23);
            b[i + 3] = HighPairs(high01, high23);
        }

        for (int i = 0; i < 4; i++)
        {
            Vector256<int> upper = b[i], lower = b[i + 4];
            b[i] = Vector256.Create(upper.GetLower(), lower.GetLower());
            b[i + 4] = Vector256.Create(upper.GetUpper(), lower.GetUpper());
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<int> Low(Vector256<int> a, Vector256<int> b) => System.Runtime.Intrinsics.X86.Avx2.IsSupported
        ? System.Runtime.Intrinsics.X86.Avx2.UnpackLow(a, b)
        : Vector256.Create(a[0], b[0], a[1], b[1], a[4], b[4], a[5], b[5]);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<int> High(Vector256<int> a, Vector256<int> b) => System.Runtime.Intrinsics.X86.Avx2.IsSupported
        ? System.Runtime.Intrinsics.X86.Avx2.UnpackHigh(a, b)
        : Vector256.Create(a[2], b[2], a[3], b[3], a[6], b[6], a[7], b[7]);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<int> LowPairs(Vector256<int> a, Vector256<int> b) => System.Runtime.Intrinsics.X86.Avx2.IsSupported
        ? System.Runtime.Intrinsics.X86.Avx2.UnpackLow(a.AsInt64(), b.AsInt64()).AsInt32()
        : Vector256.Create(a[0], a[1], b[0], b[1], a[4], a[5], b[4], b[5]);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<int> HighPairs(Vector256<int> a, Vector256<int> b) => System.Runtime.Intrinsics.X86.Avx2.IsSupported
        ? System.Runtime.Intrinsics.X86.Avx2.UnpackHigh(a.AsInt64(), b.AsInt64()).AsInt32()
        : Vector256.Create(a[2], a[3], b[2], b[3], a[6], a[7], b[6], b[7]);

    [InlineArray(8)]
    private struct Rows
    {
        private Vector256<int> first;
    }
}
