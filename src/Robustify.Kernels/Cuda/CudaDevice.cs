using System.Globalization;
using Robustify.Kernels.Cuda.Driver;

namespace Robustify.Kernels.Cuda;

/// <summary>One device and its primary context, which every library in the process shares.</summary>
internal sealed class CudaDevice : IDisposable
{
    /// <summary>Ampere: bf16 tensor cores and asynchronous copies begin here.</summary>
    public const int MinimumMajor = 8;

    private readonly int handle;
    private nint context;

    /// <param name="driver">The driver API.</param>
    /// <param name="ordinal">Number of the device, from 0.</param>
    /// <exception cref="RobustifyException">There is no such device, or it is older than compute capability 8.0.</exception>
    public CudaDevice(DriverApi driver, int ordinal)
    {
        Driver = driver;
        Ordinal = ordinal;
        int count = driver.DeviceCount;
        if (ordinal < 0 || ordinal >= count)
            throw new RobustifyException($"cuda device {ordinal}: {count} device{(count == 1 ? "" : "s")} found; choose one that `robustify doctor` lists, or --device cpu");
        handle = driver.DeviceGet(ordinal);
        Name = driver.DeviceGetName(handle);
        Major = driver.DeviceGetAttribute(DeviceAttribute.ComputeCapabilityMajor, handle);
        Minor = driver.DeviceGetAttribute(DeviceAttribute.ComputeCapabilityMinor, handle);
        if (Major < MinimumMajor)
        {
            throw new RobustifyException(
                $"cuda device {ordinal}: {Name} has compute capability {Major}.{Minor}, {MinimumMajor}.0 or newer expected (Ampere, 2020); use --device cpu");
        }

        Multiprocessors = driver.DeviceGetAttribute(DeviceAttribute.Multiprocessors, handle);
        SharedBytesPerBlock = driver.DeviceGetAttribute(DeviceAttribute.SharedBytesPerBlockOptIn, handle);
        TotalBytes = driver.DeviceTotalMemory(handle);
        context = driver.PrimaryContextRetain(handle);
    }

    /// <summary>The driver API.</summary>
    public DriverApi Driver { get; }

    /// <summary>Number of the device, from 0.</summary>
    public int Ordinal { get; }

    /// <summary>The product's name.</summary>
    public string Name { get; }

    /// <summary>First number of the compute capability.</summary>
    public int Major { get; }

    /// <summary>Second number of the compute capability.</summary>
    public int Minor { get; }

    /// <summary>Digits of the compute capability, as compilers spell them: 90.</summary>
    public string Architecture => string.Create(CultureInfo.InvariantCulture, $"{Major}{Minor}");

    /// <summary>The PCI address, by which other libraries of the driver know the device; null where the driver does not tell it.</summary>
    public string? PciBusId => Driver.TryDeviceGetPciBusId(handle);

    /// <summary>Streaming multiprocessors.</summary>
    public int Multiprocessors { get; }

    /// <summary>Dynamic shared memory a block may ask for.</summary>
    public int SharedBytesPerBlock { get; }

    /// <summary>Bytes of device memory.</summary>
    public long TotalBytes { get; }

    /// <summary>Whether it was not disposed yet.</summary>
    public bool IsOpen => context != 0;

    /// <summary>Makes the context the calling thread's. Cheap where it is already.</summary>
    public void Bind()
    {
        ObjectDisposedException.ThrowIf(context == 0, this);
        Driver.ContextSetCurrent(context);
    }

    /// <summary>Makes the context the calling thread's to give memory back: never throws.</summary>
    public void BindToRelease() => Driver.TryContextSetCurrent(context);

    /// <inheritdoc/>
    public void Dispose()
    {
        if (context == 0)
            return;
        Driver.PrimaryContextRelease(handle);
        context = 0;
    }
}
