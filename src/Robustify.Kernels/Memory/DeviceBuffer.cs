using Robustify.Kernels.Tensors;

namespace Robustify.Kernels.Memory;

/// <summary>
/// One block of a device's memory, zeroed when it is taken and given back by <see cref="Dispose"/> and by nothing else: no finalizer races
/// the kernels that use it.
/// </summary>
public abstract class DeviceBuffer : IDisposable
{
    /// <param name="pointer">Device address of the first byte, aligned for every vector access; not 0.</param>
    /// <param name="bytes">Size; 0 is allowed.</param>
    private protected DeviceBuffer(nint pointer, long bytes) => (Pointer, Bytes) = (pointer, bytes);

    /// <summary>Device address of the first byte; 0 after <see cref="Dispose"/>.</summary>
    public nint Pointer { get; private set; }

    /// <summary>Size in bytes.</summary>
    public long Bytes { get; }

    /// <summary>A tensor that begins <paramref name="offset"/> bytes into the block.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It would reach beyond the block.</exception>
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
        Free(Pointer);
        Pointer = 0;
    }

    /// <summary>Gives the memory back; called once.</summary>
    private protected abstract void Free(nint pointer);
}
