namespace Robustify.Kernels.Cuda;

/// <summary>A device has not the memory that was asked for. What planned the memory adds the largest batch that fits.</summary>
public sealed class DeviceMemoryException : RobustifyException
{
    /// <param name="purpose">What the memory was for.</param>
    /// <param name="wanted">Bytes asked for.</param>
    /// <param name="free">Bytes free on the device.</param>
    /// <param name="total">Bytes of the device.</param>
    /// <param name="advice">What to do, or null for the general advice.</param>
    internal DeviceMemoryException(string purpose, long wanted, long free, long total, string? advice = null)
        : base($"{purpose}: {Mebibytes(wanted)} of device memory wanted, {Mebibytes(free)} of {Mebibytes(total)} free; {advice ?? Driver.DriverError.Remedy(Driver.DriverError.OutOfMemory)}")
    {
        (Purpose, WantedBytes, FreeBytes, TotalBytes) = (purpose, wanted, free, total);
    }

    /// <summary>What the memory was for.</summary>
    public string Purpose { get; }

    /// <summary>Bytes asked for.</summary>
    public long WantedBytes { get; }

    /// <summary>Bytes free on the device at that moment.</summary>
    public long FreeBytes { get; }

    /// <summary>Bytes of the device.</summary>
    public long TotalBytes { get; }

    private static string Mebibytes(long bytes) => $"{bytes / 1048576.0:F1} MiB";
}
