namespace Robustify.Kernels.Memory;

/// <summary>Addresses without memory, so that a run can be laid out and measured before any is taken. Nobody may touch them.</summary>
internal sealed class PlannedBuffer(long bytes) : DeviceBuffer(NativeBuffer.Alignment, bytes)
{
    private protected override void Free(nint pointer)
    {
    }
}
