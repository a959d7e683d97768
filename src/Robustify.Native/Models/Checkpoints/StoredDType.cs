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
}

/// <summary>Facts of the element types.</summary>
public static class StoredDTypes
{
    /// <summary>Bytes an element takes.</summary>
    public static int ElementSize(this StoredDType dtype) => dtype switch
    {
        StoredDType.F64 or StoredDType.I64 => 8,
        StoredDType.F32 or StoredDType.I32 => 4,
        StoredDType.F16 or StoredDType.BF16 or StoredDType.I16 => 2,
        _ => 1,
    };

    /// <summary>Whether <see cref="SafetensorsFile.ReadFloat32"/> converts it.</summary>
    public static bool IsFloat(this StoredDType dtype) => dtype is StoredDType.F64 or StoredDType.F32 or StoredDType.F16 or StoredDType.BF16;

    /// <summary>The name as the header has it.</summary>
    public static string HeaderName(this StoredDType dtype) => dtype switch
    {
        StoredDType.F64 => "F64",
        StoredDType.F32 => "F32",
        StoredDType.F16 => "F16",
        StoredDType.BF16 => "BF16",
        StoredDType.I64 => "I64",
        StoredDType.I32 => "I32",
        StoredDType.I16 => "I16",
        StoredDType.I8 => "I8",
        StoredDType.U8 => "U8",
        _ => "BOOL",
    };

    /// <summary>False where the name is none of the types that are read.</summary>
    internal static bool TryParse(ReadOnlySpan<byte> name, out StoredDType dtype)
    {
        StoredDType? found = name switch
        {
            _ when name.SequenceEqual("F64"u8) => StoredDType.F64,
            _ when name.SequenceEqual("F32"u8) => StoredDType.F32,
            _ when name.SequenceEqual("F16"u8) => StoredDType.F16,
            _ when name.SequenceEqual("BF16"u8) => StoredDType.BF16,
            _ when name.SequenceEqual("I64"u8) => StoredDType.I64,
            _ when name.SequenceEqual("I32"u8) => StoredDType.I32,
            _ when name.SequenceEqual("I16"u8) => StoredDType.I16,
            _ when name.SequenceEqual("I8"u8) => StoredDType.I8,
            _ when name.SequenceEqual("U8"u8) => StoredDType.U8,
            _ when name.SequenceEqual("BOOL"u8) => StoredDType.BOOL,
            _ => null,
        };
        dtype = found.GetValueOrDefault();
        return found.HasValue;
    }
}
