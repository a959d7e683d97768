using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Robustify.Native.Data.Transforms;

/// <summary>
/// Weighted sums of 8-bit images in float. Multiplication and addition stay separate instructions, never fused, so every machine
/// gives the same bits; the vector lanes are independent and the tail does the same arithmetic.
/// </summary>
internal static class PixelArithmetic
{
    private const int Lanes = 16; // bytes a step: one 128-bit load, widened to four vectors of four floats

    /// <summary>sum[i] = weight * pixels[i].</summary>
    public static void Scale(ReadOnlySpan<byte> pixels, float weight, Span<float> sum)
    {
        sum = sum[..pixels.Length];
        ref byte source = ref MemoryMarshal.GetReference(pixels);
        ref float target = ref MemoryMarshal.GetReference(sum);
        int i = 0;
        for (; i + Lanes <= pixels.Length; i += Lanes)
        {
            var (a, b, c, d) = Widen(Vector128.LoadUnsafe(ref source, (nuint)i));
            (a * weight).StoreUnsafe(ref target, (nuint)i);
            (b * weight).StoreUnsafe(ref target, (nuint)i + 4);
            (c * weight).StoreUnsafe(ref target, (nuint)i + 8);
            (d * weight).StoreUnsafe(ref target, (nuint)i + 12);
        }

        for (; i < pixels.Length; i++)
            sum[i] = pixels[i] * weight;
    }

    /// <summary>sum[i] += weight * pixels[i].</summary>
    public static void AddScaled(ReadOnlySpan<byte> pixels, float weight, Span<float> sum)
    {
        sum = sum[..pixels.Length];
        ref byte source = ref MemoryMarshal.GetReference(pixels);
        ref float target = ref MemoryMarshal.GetReference(sum);
        int i = 0;
        for (; i + Lanes <= pixels.Length; i += Lanes)
        {
            var (a, b, c, d) = Widen(Vector128.LoadUnsafe(ref source, (nuint)i));
            (Vector128.LoadUnsafe(ref target, (nuint)i) + a * weight).StoreUnsafe(ref target, (nuint)i);
            (Vector128.LoadUnsafe(ref target, (nuint)i + 4) + b * weight).StoreUnsafe(ref target, (nuint)i + 4);
            (Vector128.LoadUnsafe(ref target, (nuint)i + 8) + c * weight).StoreUnsafe(ref target, (nuint)i + 8);
            (Vector128.LoadUnsafe(ref target, (nuint)i + 12) + d * weight).StoreUnsafe(ref target, (nuint)i + 12);
        }

        for (; i < pixels.Length; i++)
            sum[i] += pixels[i] * weight;
    }

    private static (Vector128<float> A, Vector128<float> B, Vector128<float> C, Vector128<float> D) Widen(Vector128<byte> bytes)
    {
        var (low, high) = Vector128.Widen(bytes);
        var (a, b) = Vector128.Widen(low);
        var (c, d) = Vector128.Widen(high);
        return (ToFloat(a), ToFloat(b), ToFloat(c), ToFloat(d));
    }

    private static Vector128<float> ToFloat(Vector128<uint> levels) => Vector128.ConvertToSingle(levels.AsInt32());
}
