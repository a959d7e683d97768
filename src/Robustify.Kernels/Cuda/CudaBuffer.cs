using Robustify.Kernels.Cuda.Driver;
using Robustify.Kernels.Memory;

namespace Robustify.Kernels.Cuda;

/// <summary>One block of a CUDA device's memory, 256-byte aligned.</summary>
internal sealed class CudaBuffer : DeviceBuffer
{
    private readonly CudaDevice device;

    /// <param name="device">Where the memory lies.</param>
    /// <param name="pointer">What the driver gave.</param>
    /// <param name="bytes">Bytes that may be used.</param>
    public CudaBuffer(CudaDevice device, nint pointer, long bytes)
        : base(pointer, bytes) => this.device = device;

    private protected override void Free(nint pointer)
    {
        // A device that is closed has taken its memory with it.
        if (device.IsOpen)
        {
            device.BindToRelease();
            device.Driver.MemFree(pointer);
        }
    }
}
