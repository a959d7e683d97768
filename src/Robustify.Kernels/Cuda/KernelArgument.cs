using Robustify.Kernels.Tensors;

namespace Robustify.Kernels.Cuda;

/// <summary>Kinds of kernel parameters, as the launch table spells them.</summary>
internal enum KernelArgumentKind : byte
{
    /// <summary>p: an address in device memory; 0 where an operand is absent.</summary>
    Pointer,

    /// <summary>i: 32-bit integer, signed (int) or not (u32).</summary>
    Integer32,

    /// <summary>l: 64-bit integer, signed (i64) or not (u64).</summary>
    Integer64,

    /// <summary>f: float32.</summary>
    Float32,
}

/// <summary>One argument of a launch: eight bytes, of which a kernel reads as many as its parameter has.</summary>
internal readonly struct KernelArgument
{
    private readonly ulong bits;

    private KernelArgument(ulong bits, KernelArgumentKind kind)
    {
        this.bits = bits;
        Kind = kind;
    }

    /// <summary>What it is.</summary>
    public KernelArgumentKind Kind { get; }

    /// <summary>The value, in its low bytes.</summary>
    public ulong Bits => bits;

    public static implicit operator KernelArgument(TensorView view) => new((ulong)view.Pointer, KernelArgumentKind.Pointer);

    public static implicit operator KernelArgument(nint address) => new((ulong)address, KernelArgumentKind.Pointer);

    public static implicit operator KernelArgument(int value) => new((uint)value, KernelArgumentKind.Integer32);

    public static implicit operator KernelArgument(uint value) => new(value, KernelArgumentKind.Integer32);

    public static implicit operator KernelArgument(long value) => new((ulong)value, KernelArgumentKind.Integer64);

    public static implicit operator KernelArgument(ulong value) => new(value, KernelArgumentKind.Integer64);

    public static implicit operator KernelArgument(float value) => new(BitConverter.SingleToUInt32Bits(value), KernelArgumentKind.Float32);

    /// <summary>A flag, which kernels take as int.</summary>
    public static implicit operator KernelArgument(bool value) => new(value ? 1u : 0u, KernelArgumentKind.Integer32);
}
