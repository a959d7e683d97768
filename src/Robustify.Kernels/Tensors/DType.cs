namespace Robustify.Kernels.Tensors;

/// <summary>Element types of tensors in memory and in files.</summary>
public enum DType : byte
{
    /// <summary>IEEE 754 binary32.</summary>
    Float32,

    /// <summary>The upper half of a binary32.</summary>
    BFloat16,

    /// <summary>32-bit signed integer: labels and sample numbers.</summary>
    Int32,

    /// <summary>8-bit unsigned integer: pixels.</summary>
    UInt8,

    /// <summary>IEEE 754 binary64: sums over all gradients.</summary>
    Float64,
}

/// <summary>Sizes of element types.</summary>
public static class DTypes
{
    /// <summary>Bytes of one element.</summary>
    public static int Size(this DType type) => type switch
    {
        DType.Float32 or DType.Int32 => 4,
        DType.BFloat16 => 2,
        DType.Float64 => 8,
        _ => 1,
    };
}
