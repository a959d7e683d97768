using System.Runtime.InteropServices;

namespace Robustify.Kernels.Memory;

/// <summary>
/// One block of host memory, 64-byte aligned: what the CPU device computes in, and what every device's data passes through. Everything
/// larger than a few kilobytes lives in one of these or in a device's own memory.
/// </summary>
public sealed unsafe class NativeBuffer : DeviceBuffer
{
    /// <summary>A cache line, and the width of the widest vector.</summary>
    public const int Alignment = 64;

    /// <param name="bytes">Size; 0 is allowed.</param>
    /// <param name="purpose">Named in the error when the memory cannot be had.</param>
    /// <exception cref="RobustifyException">The system has not that much memory to give.</exception>
    public NativeBuffer(long bytes, string purpose)
        : base(AllocateZeroed(bytes, purpose), bytes)
    {
    }

    private protected override void Free(nint pointer) => NativeMemory.Free((void*)*((nint*)pointer - 1));

    private static nint AllocateZeroed(long bytes, string purpose)
    {
        try
        {
            // Large blocks come zeroed from the system, page by page as they are first touched: clearing them here would touch every page.
            nint block = (nint)NativeMemory.AllocZeroed((nuint)Math.Max(bytes, Alignment) + Alignment);
            LargePages.Ask(block, bytes);
            // The system's blocks are 16-byte aligned, so there is room for the block's own address before the aligned one.
            nint aligned = (block + Alignment) & ~(nint)(Alignment - 1);
            *((nint*)aligned - 1) = block;
            return aligned;
        }
        catch (OutOfMemoryException inner)
        {
            throw new RobustifyException($"{purpose}: {bytes / 1048576.0:F1} MiB could not be allocated; use a smaller batch or model", inner);
        }
    }
}
