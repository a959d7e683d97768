using Robustify.Kernels.Cuda.Libraries;

namespace Robustify.Kernels.Cuda.Driver;

internal sealed unsafe partial class DriverApi
{
    private readonly MemoryEntries memory;
    private readonly Dictionary<nint, long> live = [];
    private long liveBytes;

    /// <summary>Most bytes that were allocated through this table at one time.</summary>
    public long PeakBytes { get; private set; }

    /// <summary>Bytes free and bytes in all, as the driver sees them now.</summary>
    public (long Free, long Total) MemoryInfo()
    {
        nuint free, total;
        Check(memory.GetInfo(&free, &total), "cuMemGetInfo");
        return ((long)free, (long)total);
    }

    /// <summary>Device memory, 256-byte aligned, not cleared.</summary>
    /// <returns>The code; the caller knows what to say when there is no more.</returns>
    public int TryMemAlloc(long bytes, out nint address)
    {
        nint pointer = 0;
        int code = memory.Alloc(&pointer, (nuint)bytes);
        address = pointer;
        if (code != DriverError.Success)
            return code;
        lock (live)
        {
            live[address] = bytes;
            liveBytes += bytes;
            PeakBytes = Math.Max(PeakBytes, liveBytes);
        }

        return code;
    }

    /// <summary>Frees device memory, after all work on it is done. The code is ignored: freeing must not hide the error that led here.</summary>
    public void MemFree(nint address)
    {
        lock (live)
        {
            if (live.Remove(address, out long bytes))
                liveBytes -= bytes;
        }

        _ = memory.Free(address);
    }

    /// <summary>Page-locked host memory, from which copies run beside the program.</summary>
    public nint MemAllocHost(long bytes)
    {
        nint pointer;
        Check(memory.AllocHost(&pointer, (nuint)bytes), "cuMemAllocHost");
        return pointer;
    }

    /// <summary>Frees page-locked host memory.</summary>
    public void MemFreeHost(nint pointer) => _ = memory.FreeHost(pointer);

    /// <summary>Host to device, in the order of the stream.</summary>
    public void CopyToDevice(nint destination, void* source, long bytes, nint stream) =>
        Check(memory.CopyToDevice(destination, source, (nuint)bytes, stream), "cuMemcpyHtoDAsync");

    /// <summary>Device to host, in the order of the stream.</summary>
    public void CopyToHost(void* destination, nint source, long bytes, nint stream) =>
        Check(memory.CopyToHost(destination, source, (nuint)bytes, stream), "cuMemcpyDtoHAsync");

    /// <summary>Device to device, in the order of the stream.</summary>
    public void CopyOnDevice(nint destination, nint source, long bytes, nint stream) =>
        Check(memory.CopyOnDevice(destination, source, (nuint)bytes, stream), "cuMemcpyDtoDAsync");

    /// <summary>Sets every byte, in the order of the stream.</summary>
    public void SetBytes(nint destination, byte value, long bytes, nint stream) =>
        Check(memory.SetBytes(destination, value, (nuint)bytes, stream), "cuMemsetD8Async");

    private readonly struct MemoryEntries(LibrarySearch library)
    {
        public readonly delegate* unmanaged<nuint*, nuint*, int> GetInfo = (delegate* unmanaged<nuint*, nuint*, int>)library.Entry("cuMemGetInfo_v2");
        public readonly delegate* unmanaged<nint*, nuint, int> Alloc = (delegate* unmanaged<nint*, nuint, int>)library.Entry("cuMemAlloc_v2");
        public readonly delegate* unmanaged<nint, int> Free = (delegate* unmanaged<nint, int>)library.Entry("cuMemFree_v2");
        public readonly delegate* unmanaged<nint*, nuint, int> AllocHost = (delegate* unmanaged<nint*, nuint, int>)library.Entry("cuMemAllocHost_v2");
        public readonly delegate* unmanaged<nint, int> FreeHost = (delegate* unmanaged<nint, int>)library.Entry("cuMemFreeHost");

        public readonly delegate* unmanaged<nint, void*, nuint, nint, int> CopyToDevice =
            (delegate* unmanaged<nint, void*, nuint, nint, int>)library.Entry("cuMemcpyHtoDAsync_v2");

        public readonly delegate* unmanaged<void*, nint, nuint, nint, int> CopyToHost =
            (delegate* unmanaged<void*, nint, nuint, nint, int>)library.Entry("cuMemcpyDtoHAsync_v2");

        public readonly delegate* unmanaged<nint, nint, nuint, nint, int> CopyOnDevice =
            (delegate* unmanaged<nint, nint, nuint, nint, int>)library.Entry("cuMemcpyDtoDAsync_v2");

        public readonly delegate* unmanaged<nint, byte, nuint, nint, int> SetBytes =
            (delegate* unmanaged<nint, byte, nuint, nint, int>)library.Entry("cuMemsetD8Async");
    }
}
