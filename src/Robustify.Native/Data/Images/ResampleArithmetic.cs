using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Robustify.Native.Data.Images;

/// <summary>The fixed-point steps of <see cref="Resampler"/>.</summary>
internal static class ResampleArithmetic
{
    /// <summary>One half: sums start here so that the final shift rounds.</summary>
    public const int Half = 1 << (ResampleWeights.PrecisionBits - 1);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static byte ToByte(int sum) => (byte)Math.Clamp(sum >> ResampleWeights.PrecisionBits, 0, byte.MaxValue);

    /// <summary>bytes[i] = <see cref="ToByte"/>(sums[i]).</summary>
    public static void ToBytes(ReadOnlySpan<int> sums, Span<byte> bytes)
    {
        int i = 0;
        for (; i <= bytes.Length - Vector256<byte>.Count; i += Vector256<byte>.Count)
        {
            var low = Vector256.NarrowWithSaturation(Shift(sums[i..]), Shift(sums[(i + 8)..]));
            var high = Vector256.NarrowWithSaturation(Shift(sums[(i + 16)..]), Shift(sums[(i + 24)..]));
            Vector256.NarrowWithSaturation(low, high).CopyTo(bytes[i..]);
        }

        for (; i < bytes.Length; i++)
            bytes[i] = ToByte(sums[i]);
    }

    // Below 0 becomes 0; above 255 the narrowing saturates.
    private static Vector256<uint> Shift(ReadOnlySpan<int> sums) =>
        Vector256.Max(Vector256.ShiftRightArithmetic(Vector256.Create(sums), ResampleWeights.PrecisionBits), Vector256<int>.Zero).AsUInt32();

    /// <summary>
    /// Three bytes, each the sum of one channel of as many RGB pixels as there are weights. Pixels and result need a byte of room behind: four
    /// are read and written at a time.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void WeighPixels(ReadOnlySpan<byte> pixels, ReadOnlySpan<int> weights, Span<byte> result)
    {
        var sum = Vector128.Create(Half);
        for (int k = 0, at = 0; k < weights.Length; k++, at += 3)
        {
            var four = Vector128.CreateScalarUnsafe(MemoryMarshal.Read<uint>(pixels[at..])).AsByte();
            sum += Vector128.WidenLower(Vector128.WidenLower(four)).AsInt32() * weights[k];
        }

        var level = Vector128.Min(Vector128.Max(sum >> ResampleWeights.PrecisionBits, Vector128<int>.Zero), Vector128.Create(255)).AsByte();
        MemoryMarshal.Write(result, Vector128.Shuffle(level, Vector128.Create((byte)0, 4, 8, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)).AsUInt32().ToScalar());
    }

    /// <summary>sums[i] += pixels[i] * weight. A vector of bytes widens to four vectors of 32-bit lanes; the tail is scalar.</summary>
    public static void AddScaled(ReadOnlySpan<byte> pixels, int weight, Span<int> sums)
    {
        int i = 0;
        for (; i <= pixels.Length - Vector<byte>.Count; i += Vector<byte>.Count)
        {
            Vector.Widen(new Vector<byte>(pixels[i..]), out var low, out var high);
            Vector.Widen(low, out var quarter0, out var quarter1);
            Vector.Widen(high, out var quarter2, out var quarter3);
            AddScaled(quarter0, weight, sums[i..]);
            AddScaled(quarter1, weight, sums[(i + Vector<int>.Count)..]);
            AddScaled(quarter2, weight, sums[(i + 2 * Vector<int>.Count)..]);
            AddScaled(quarter3, weight, sums[(i + 3 * Vector<int>.Count)..]);
        }

        for (; i < pixels.Length; i++)
            sums[i] += pixels[i] * weight;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void AddScaled(Vector<uint> pixels, int weight, Span<int> sums) =>
        (new Vector<int>(sums) + Vector.AsVectorInt32(pixels) * weight).CopyTo(sums);
}
