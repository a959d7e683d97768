using System.Text;

namespace Robustify.Native.Models.Checkpoints;

/// <summary>The element types of a safetensors file that are read. The names are those of the format.</summary>
public enum StoredDType
{
    /// <summary>IEEE binary64.</summary>
    F64,

    /// <summary>IEEE binary32.</summary>
    F32,

    /// <summary>IEEE binary16.</summary>
    F16,

    /// <summary>The upper half of a binary32.</summary>
    BF16,

    /// <summary>64-bit signed integer.</summary>
    I64,

    /// <summary>32-bit signed integer.</summary>
    I32,

    /// <summary>16-bit signed integer.</summary>
    I16,

    /// <summary>8-bit signed integer.</summary>
    I8,

    /// <summary>8-bit unsigned integer.</summary>
    U8,

    /// <summary>One byte, 0 or 1.</summary>
    BOOL,

    /// <summary>16-bit unsigned integer.</summary>
    U16,

    /// <summary>32-bit unsigned integer.</summary>
    U32,

    /// <summary>64-bit unsigned integer.</summary>
    U64,

    /// <summary>8-bit float with 4 bits of exponent (bias 7) and 3 of fraction, no infinity (OCP's E4M3).</summary>
    F8_E4M3,

    /// <summary>8-bit float with 5 bits of exponent and 2 of fraction: the upper half of a binary16 (OCP's E5M2).</summary>
    F8_E5M2,

    /// <summary>Two binary32: a complex number.</summary>
    C64,

    /// <summary>8 bits of exponent (bias 127) alone: a power of two, or NaN where all are set (OCP's E8M0, of scales).</summary>
    F8_E8M0,
}

/// <summary>Facts of the element types.</summary>
public static class StoredDTypes
{
    private static readonly StoredDType[] All = Enum.GetValues<StoredDType>();
    private static readonly string[] Names = Array.ConvertAll(All, dtype => dtype.ToString());

    /// <summary>All names, for messages.</summary>
    internal static string List => string.Join(", ", Names);

    /// <summary>Bytes an element takes.</summary>
    public static int ElementSize(this StoredDType dtype) => dtype switch
    {
        StoredDType.F64 or StoredDType.I64 or StoredDType.U64 or StoredDType.C64 => 8,
        StoredDType.F32 or StoredDType.I32 or StoredDType.U32 => 4,
        StoredDType.F16 or StoredDType.BF16 or StoredDType.I16 or StoredDType.U16 => 2,
        _ => 1,
    };

    /// <summary>Whether <see cref="SafetensorsFile.ReadFloat32"/> converts it.</summary>
    public static bool IsFloat(this StoredDType dtype) =>
        dtype is StoredDType.F64 or StoredDType.F32 or StoredDType.F16 or StoredDType.BF16 or StoredDType.F8_E4M3 or StoredDType.F8_E5M2
            or StoredDType.F8_E8M0;

    /// <summary>The name as the header has it, which is that of the member.</summary>
    public static string HeaderName(this StoredDType dtype) => Names[(int)dtype];

    /// <summary>False where the name is none of the types that are read.</summary>
    internal static bool TryParse(ReadOnlySpan<byte> name, out StoredDType dtype)
    {
        foreach (StoredDType known in All)
        {
            dtype = known;
            if (Ascii.Equals(name, Names[(int)known]))
                return true;
        }

        dtype = default;
        return false;
    }
}
