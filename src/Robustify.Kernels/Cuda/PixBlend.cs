using System.Runtime.InteropServices;

namespace Robustify.Kernels.Cuda;

/// <summary>What a round of PixMix does to a row with its layer, as kernels number it.</summary>
internal enum PixBlendMode
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary>The row begins as the layer.</summary>
    Begin,

    /// <summary>Weighted sum about grey.</summary>
    Add,

    /// <summary>Product of powers.</summary>
    Multiply,
}

/// <summary>A round's blend of one row: weights or exponents A of the row and B of the layer.</summary>
[StructLayout(LayoutKind.Sequential)]
internal readonly record struct PixBlend(PixBlendMode Mode, float A, float B)
{
    /// <summary>Bytes of one.</summary>
    public const int Bytes = 3 * sizeof(float);
}
