namespace Robustify.Kernels.Cuda.Driver;

/// <summary>Numbers of <c>CUdevice_attribute</c> that are asked for.</summary>
internal enum DeviceAttribute
{
    MaximumThreadsPerBlock = 1,
    ClockKilohertz = 13,
    Multiprocessors = 16,
    MemoryClockKilohertz = 36,
    MemoryBusBits = 37,
    L2CacheBytes = 38,
    ComputeCapabilityMajor = 75,
    ComputeCapabilityMinor = 76,
    SharedBytesPerBlockOptIn = 97,
}
