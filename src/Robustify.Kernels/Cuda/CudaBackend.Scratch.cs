using Robustify.Kernels.Cuda.Driver;

namespace Robustify.Kernels.Cuda;

internal sealed unsafe partial class CudaBackend
{
    private const long ScratchGranularity = 1 << 20;

    private readonly List<nint> retiredScratch = [];
    private nint scratch;
    private long scratchBytes;

    // Whether a step was captured, so that addresses may have been written into a graph.
    private bool hasCaptured;

    /// <summary>
    /// Device memory of at least <paramref name="bytes"/>, 256-byte aligned, for one operation: ask once and divide it, a second call returns
    /// the same memory. The next operation may overwrite it, which is safe because everything happens in the order of the stream.
    /// It grows on first use and is then steady; inside a captured step it cannot grow, so a step runs once before it is captured.
    /// </summary>
    /// <exception cref="RobustifyException">The device has not that much memory to give.</exception>
    internal nint Scratch(long bytes)
    {
        if (bytes <= scratchBytes)
            return scratch;
        if (isCapturing)
            throw new InvalidOperationException($"scratch of {bytes} bytes inside a captured step, {scratchBytes} reserved: run the step once before capturing it");
        device.Bind();
        long wanted = Math.Max((bytes + ScratchGranularity - 1) / ScratchGranularity * ScratchGranularity, scratchBytes + scratchBytes / 2);
        nint grown = AllocateRaw(wanted, "scratch of kernels");
        // A captured step has the old address in it: what it uses stays until the end.
        if (scratch != 0)
            retiredScratch.Add(scratch);
        if (!hasCaptured)
            FreeRetiredScratch();
        (scratch, scratchBytes) = (grown, wanted);
        return scratch;
    }

    /// <summary>Device memory, or the line that says why there is none.</summary>
    private nint AllocateRaw(long bytes, string purpose)
    {
        int code = driver.TryMemAlloc(bytes, out nint address);
        if (code == DriverError.OutOfMemory)
        {
            (long free, long total) = driver.MemoryInfo();
            throw new DeviceMemoryException(purpose, bytes, free, total);
        }

        driver.Check(code, "cuMemAlloc");
        return address;
    }

    private void ReleaseScratch()
    {
        if (scratch != 0)
            retiredScratch.Add(scratch);
        (scratch, scratchBytes) = (0, 0);
        FreeRetiredScratch();
    }

    private void FreeRetiredScratch()
    {
        foreach (nint address in retiredScratch)
            driver.MemFree(address);
        retiredScratch.Clear();
    }
}
