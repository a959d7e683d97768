using Robustify.Kernels.Backends;
using Robustify.Kernels.Memory;
using Robustify.Kernels.Tensors;

namespace Robustify.Kernels.Cuda;

internal sealed unsafe partial class CudaBackend
{
    /// <summary>
    /// Smallest allocation asked of the driver: an empty block has an address of its own too.
    /// </summary>
    private const long MinimumBytes = 256;

    /// <inheritdoc cref="IBackend.IsHostMemory"/>
    public bool IsHostMemory => false;

    /// <inheritdoc cref="IBackend.AvailableBytes"/>
    public long AvailableBytes
    {
        get
        {
            device.Bind();
            return driver.MemoryInfo().Free;
        }
    }

    /// <inheritdoc cref="IBackend.Allocate"/>
    public DeviceBuffer Allocate(long bytes, string purpose)
    {
        device.Bind();
        long taken = Math.Max(bytes, MinimumBytes);
        nint pointer = AllocateRaw(taken, purpose);
        driver.SetBytes(pointer, 0, taken, stream);
        return new CudaBuffer(device, pointer, bytes);
    }

    /// <inheritdoc cref="IBackend.Upload"/>
    public void Upload(ReadOnlySpan<byte> source, TensorView destination)
    {
        if (source.IsEmpty)
            return;
        device.Bind();
        Entering("copy to device", new LaunchCost(source.Length, 0));
        // From pageable memory the driver copies to a staging buffer of its own before it returns, so the source is free again.
        fixed (byte* first = source)
            driver.CopyToDevice(destination.Pointer, first, source.Length, stream);
        Leaving();
    }

    /// <inheritdoc cref="IBackend.Download"/>
    public void Download(TensorView source, Span<byte> destination)
    {
        if (destination.IsEmpty)
            return;
        device.Bind();
        Entering("copy to host", new LaunchCost(destination.Length, 0));
        fixed (byte* first = destination)
        {
            driver.CopyToHost(first, source.Pointer, destination.Length, stream);
            Leaving();
            driver.StreamSynchronize(stream);
        }
    }

    /// <inheritdoc cref="IBackend.Synchronize"/>
    public void Synchronize()
    {
        device.Bind();
        driver.StreamSynchronize(stream);
    }
}
