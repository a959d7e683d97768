using System.Runtime.InteropServices;
using Robustify.Kernels.Tensors;

namespace Robustify.Kernels.Memory;

/// <summary>
/// One block of host memory, 64-byte aligned and zeroed, freed by <see cref="Dispose"/> and by nothing else: no finalizer races the
/// kernels that use it. Everything larger than a few kilobytes lives in one of these.
/// </summary>
public sealed unsafe class NativeBuffer : IDisposable
{
    /// <summary>A cache line, and the width of the widest vector.</summary>
    public const int Alignment = 64;

    /// <param name="bytes">Size; 0 is allowed.</param>
    /// <param name="purpose">Named in the error when the memory cannot be had.</param>
    /// <exception cref="RobustifyException">The system has not that much memory to give.</exception>
    public NativeBuffer(long bytes, string purpose)
    {
        Bytes = bytes;
        try
        {
            Pointer = AllocateZeroed(bytes);
        }
        catch (OutOfMemoryException inner)
        {
            throw new RobustifyException($"{purpose}: {bytes / 1048576.0:F1} MiB could not be allocated; use a smaller batch or model", inner);
        }
    }

    /// <summary>Address of the first byte.</summary>
    public nint Pointer { get; private set; }

    /// <summary>Size in bytes.</summary>
    public long Bytes { get; }

    /// <summary>A float tensor that begins <paramref name="offset"/> bytes into the block.</summary>
    public TensorView View(long offset, Shape shape, DType type = DType.Float32)
    {
        ObjectDisposedException.ThrowIf(Pointer == 0, this);
        if (offset < 0 || offset + shape.Count * type.Size() > Bytes)
            throw new ArgumentOutOfRangeException(nameof(offset), $"{type} {shape} at byte {offset} does not fit {Bytes} bytes");
        return new TensorView(Pointer + (nint)offset, type, shape);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (Pointer == 0)
            return;
        NativeMemory.Free(((void**)Pointer)[-1]);
        Pointer = 0;
    }

    // Large zeroed memory comes from the system without being written, so a buffer costs nothing until it is used. The block as it was
    // given is noted before the first aligned byte.
    private static nint AllocateZeroed(long bytes)
    {
        void* block = NativeMemory.AllocZeroed((nuint)bytes + 2 * Alignment);
        nint aligned = ((nint)block + 2 * Alignment - 1) & ~(nint)(Alignment - 1);
        ((void**)aligned)[-1] = block;
        return aligned;
    }
}
