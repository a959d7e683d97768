namespace Robustify.Kernels.Tensors;

/// <summary>The upper half of a binary32: its range with eight bits of precision.</summary>
/// <param name="Bits">As they lie in memory.</param>
internal readonly record struct BFloat16(ushort Bits)
{
    // What NVIDIA's conversion makes of every NaN.
    private const ushort NotANumber = 0x7fff;

    /// <summary>Exact.</summary>
    public static explicit operator float(BFloat16 value) => BitConverter.UInt32BitsToSingle((uint)value.Bits << 16);

    /// <summary>Rounds to nearest, ties to even.</summary>
    public static explicit operator BFloat16(float value)
    {
        uint bits = BitConverter.SingleToUInt32Bits(value);
        return new(float.IsNaN(value) ? NotANumber : (ushort)((bits + 0x7fff + ((bits >> 16) & 1)) >> 16));
    }
}
