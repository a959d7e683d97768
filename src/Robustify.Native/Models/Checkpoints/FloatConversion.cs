using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.InteropServices;

namespace Robustify.Native.Models.Checkpoints;

/// <summary>Between the float types of a file and float32.</summary>
internal static class FloatConversion
{
    /// <summary>Widens (F16, BF16: exact) or rounds to nearest (F64). The source may be unaligned.</summary>
    public static void ToSingle(StoredDType dtype, ReadOnlySpan<byte> source, Span<float> destination)
    {
        switch (dtype)
        {
            case StoredDType.F32:
                source.CopyTo(MemoryMarshal.AsBytes(destination));
                break;
            case StoredDType.F16:
                TensorPrimitives.ConvertToSingle(MemoryMarshal.Cast<byte, Half>(source), destination);
                break;
            case StoredDType.F64:
                TensorPrimitives.ConvertTruncating(MemoryMarshal.Cast<byte, double>(source), destination);
                break;
            case StoredDType.BF16:
                WidenBFloat16(MemoryMarshal.Cast<byte, ushort>(source), MemoryMarshal.Cast<float, uint>(destination));
                break;
            case StoredDType.F8_E4M3 or StoredDType.F8_E5M2 or StoredDType.F8_E8M0:
                for (int i = 0; i < source.Length; i++)
                {
                    destination[i] = dtype switch
                    {
                        StoredDType.F8_E5M2 => (float)BitConverter.UInt16BitsToHalf((ushort)(source[i] << 8)),
                        StoredDType.F8_E8M0 => source[i] == 0xff ? float.NaN : MathF.ScaleB(1, source[i] - 127),
                        _ => FromE4M3(source[i]),
                    };
                }

                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(dtype));
        }
    }

    /// <summary>
    /// Converts to F32, F16 or BF16: rounded to nearest, ties to even; beyond the range of F16 to infinity.
    /// </summary>
    public static void FromSingle(StoredDType dtype, ReadOnlySpan<float> source, Span<byte> destination)
    {
        switch (dtype)
        {
            case StoredDType.F32:
                MemoryMarshal.AsBytes(source).CopyTo(destination);
                break;
            case StoredDType.F16:
                TensorPrimitives.ConvertToHalf(source, MemoryMarshal.Cast<byte, Half>(destination));
                break;
            case StoredDType.BF16:
                ToBFloat16(source, MemoryMarshal.Cast<byte, ushort>(destination));
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(dtype));
        }
    }

    // Sign, 4 bits of exponent with bias 7, 3 of fraction; exponent 0 is subnormal; all ones is NaN, and there is no infinity.
    private static float FromE4M3(byte bits)
    {
        int exponent = (bits >> 3) & 15, fraction = bits & 7;
        float magnitude = (bits & 0x7f) == 0x7f ? float.NaN
            : exponent == 0 ? fraction * (1f / 512)
            : BitConverter.UInt32BitsToSingle((uint)((exponent + 120) << 23 | fraction << 20));
        return (bits & 0x80) != 0 ? -magnitude : magnitude;
    }

    /// <summary>
    /// Round to nearest, ties to even; a NaN stays a NaN (its payload cut, the quiet bit set so that it cannot become infinity).
    /// </summary>
    public static void ToBFloat16(ReadOnlySpan<float> source, Span<ushort> destination)
    {
        for (int i = 0; i < source.Length; i++)
        {
            uint bits = BitConverter.SingleToUInt32Bits(source[i]);
            destination[i] = float.IsNaN(source[i])
                ? (ushort)((bits >> 16) | 0x40)
                : (ushort)((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
        }
    }

    /// <summary>Whether no element is NaN or infinite: a finite number has an exponent below 255.</summary>
    public static bool AreFinite(ReadOnlySpan<float> values)
    {
        var bits = MemoryMarshal.Cast<float, uint>(values);
        var infinite = new Vector<uint>(0x7f800000);
        int i = 0;
        for (; i <= bits.Length - Vector<uint>.Count; i += Vector<uint>.Count)
        {
            if (Vector.GreaterThanOrEqualAny(new Vector<uint>(bits[i..]) & infinite, infinite))
                return false;
        }

        for (; i < bits.Length; i++)
        {
            if ((bits[i] & 0x7f800000) == 0x7f800000)
                return false;
        }

        return true;
    }

    /// <summary>The first element that float32 cannot hold as a finite number, or -1, and what it is.</summary>
    public static int FirstNonFinite(StoredDType dtype, ReadOnlySpan<byte> source, out double value)
    {
        int index = dtype switch
        {
            StoredDType.F32 => FirstNonFinite(MemoryMarshal.Cast<byte, float>(source), out value),
            StoredDType.F16 => FirstNonFinite(MemoryMarshal.Cast<byte, Half>(source), out value),
            StoredDType.F64 => FirstNonFinite(MemoryMarshal.Cast<byte, double>(source), out value),
            StoredDType.BF16 => FirstNonFiniteBFloat16(MemoryMarshal.Cast<byte, ushort>(source), out value),
            _ => FirstNonFiniteByte(dtype, source, out value),
        };
        return index;
    }

    private static int FirstNonFiniteByte(StoredDType dtype, ReadOnlySpan<byte> source, out double value)
    {
        Span<float> widened = stackalloc float[1];
        value = 0;
        for (int i = 0; i < source.Length; i++)
        {
            ToSingle(dtype, source.Slice(i, 1), widened);
            if (!float.IsFinite(widened[0]))
            {
                value = widened[0];
                return i;
            }
        }

        return -1;
    }

    private static int FirstNonFinite<T>(ReadOnlySpan<T> source, out double value)
        where T : unmanaged, INumberBase<T>
    {
        for (int i = 0; i < source.Length; i++)
        {
            float single = float.CreateTruncating(source[i]);
            if (!float.IsFinite(single))
            {
                value = double.CreateTruncating(source[i]);
                return i;
            }
        }

        value = 0;
        return -1;
    }

    private static int FirstNonFiniteBFloat16(ReadOnlySpan<ushort> source, out double value)
    {
        for (int i = 0; i < source.Length; i++)
        {
            if ((source[i] & 0x7f80) == 0x7f80)
            {
                value = BitConverter.UInt32BitsToSingle((uint)source[i] << 16);
                return i;
            }
        }

        value = 0;
        return -1;
    }

    // A bfloat16 is the upper half of its float32: widen to 32 bits and shift, a vector of 16-bit lanes giving two of 32-bit lanes.
    private static void WidenBFloat16(ReadOnlySpan<ushort> source, Span<uint> destination)
    {
        int i = 0;
        for (; i <= source.Length - Vector<ushort>.Count; i += Vector<ushort>.Count)
        {
            Vector.Widen(new Vector<ushort>(source[i..]), out Vector<uint> low, out Vector<uint> high);
            (low << 16).CopyTo(destination[i..]);
            (high << 16).CopyTo(destination[(i + Vector<uint>.Count)..]);
        }

        for (; i < source.Length; i++)
            destination[i] = (uint)source[i] << 16;
    }
}
