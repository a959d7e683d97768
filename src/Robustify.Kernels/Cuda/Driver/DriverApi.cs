using System.Runtime.InteropServices;
using Robustify.Kernels.Cuda.Libraries;

namespace Robustify.Kernels.Cuda.Driver;

/// <summary>
/// The driver API as a table of addresses found at run time. Every method is the function of the same name without its prefix and turns a
/// code that is not success into a <see cref="CudaException"/>. Names with a version suffix are the ABI that CUDA's own headers select.
/// </summary>
internal sealed unsafe partial class DriverApi
{
    private readonly delegate* unmanaged<uint, int> init;
    private readonly delegate* unmanaged<int*, int> driverGetVersion;
    private readonly delegate* unmanaged<int, byte**, int> getErrorName;
    private readonly delegate* unmanaged<int, byte**, int> getErrorString;
    private readonly delegate* unmanaged<int*, int> deviceGetCount;
    private readonly delegate* unmanaged<int*, int, int> deviceGet;
    private readonly delegate* unmanaged<byte*, int, int, int> deviceGetName;
    private readonly delegate* unmanaged<nuint*, int, int> deviceTotalMem;
    private readonly delegate* unmanaged<int*, int, int, int> deviceGetAttribute;
    private readonly delegate* unmanaged<byte*, int, int, int> deviceGetPciBusId;
    private readonly delegate* unmanaged<nint*, int, int> primaryContextRetain;
    private readonly delegate* unmanaged<int, int> primaryContextRelease;
    private readonly delegate* unmanaged<nint, int> contextSetCurrent;

    /// <param name="library">The driver's library, found.</param>
    public DriverApi(LibrarySearch library)
    {
        Library = library;
        init = (delegate* unmanaged<uint, int>)library.Entry("cuInit");
        driverGetVersion = (delegate* unmanaged<int*, int>)library.Entry("cuDriverGetVersion");
        getErrorName = (delegate* unmanaged<int, byte**, int>)library.Entry("cuGetErrorName");
        getErrorString = (delegate* unmanaged<int, byte**, int>)library.Entry("cuGetErrorString");
        deviceGetCount = (delegate* unmanaged<int*, int>)library.Entry("cuDeviceGetCount");
        deviceGet = (delegate* unmanaged<int*, int, int>)library.Entry("cuDeviceGet");
        deviceGetName = (delegate* unmanaged<byte*, int, int, int>)library.Entry("cuDeviceGetName");
        deviceTotalMem = (delegate* unmanaged<nuint*, int, int>)library.Entry("cuDeviceTotalMem_v2");
        deviceGetAttribute = (delegate* unmanaged<int*, int, int, int>)library.Entry("cuDeviceGetAttribute");
        deviceGetPciBusId = (delegate* unmanaged<byte*, int, int, int>)library.TryEntry("cuDeviceGetPCIBusId");
        primaryContextRetain = (delegate* unmanaged<nint*, int, int>)library.Entry("cuDevicePrimaryCtxRetain");
        primaryContextRelease = (delegate* unmanaged<int, int>)library.Entry("cuDevicePrimaryCtxRelease_v2");
        contextSetCurrent = (delegate* unmanaged<nint, int>)library.Entry("cuCtxSetCurrent");
        memory = new MemoryEntries(library);
        streams = new StreamEntries(library);
        modules = new ModuleEntries(library);
        Check(init(0), "cuInit");
    }

    /// <summary>Where the table came from.</summary>
    public LibrarySearch Library { get; }

    /// <summary>CUDA version of the driver as 1000 major + 10 minor: 13000.</summary>
    public int Version
    {
        get
        {
            int version;
            Check(driverGetVersion(&version), "cuDriverGetVersion");
            return version;
        }
    }

    /// <summary>Number of devices.</summary>
    public int DeviceCount
    {
        get
        {
            int count;
            Check(deviceGetCount(&count), "cuDeviceGetCount");
            return count;
        }
    }

    /// <summary>Handle of device number <paramref name="ordinal"/>.</summary>
    public int DeviceGet(int ordinal)
    {
        int device;
        Check(deviceGet(&device, ordinal), "cuDeviceGet");
        return device;
    }

    /// <summary>The product's name: <c>NVIDIA H200</c>.</summary>
    public string DeviceGetName(int device)
    {
        byte* name = stackalloc byte[256];
        Check(deviceGetName(name, 256, device), "cuDeviceGetName");
        return Marshal.PtrToStringUTF8((nint)name) ?? "";
    }

    /// <summary>Bytes of memory the device has.</summary>
    public long DeviceTotalMemory(int device)
    {
        nuint bytes;
        Check(deviceTotalMem(&bytes, device), "cuDeviceTotalMem");
        return (long)bytes;
    }

    /// <summary>One attribute.</summary>
    public int DeviceGetAttribute(DeviceAttribute attribute, int device)
    {
        int value;
        Check(deviceGetAttribute(&value, (int)attribute, device), "cuDeviceGetAttribute");
        return value;
    }

    /// <summary>The device's PCI address, such as <c>0000:3b:00.0</c>; null where the driver does not tell it.</summary>
    public string? TryDeviceGetPciBusId(int device)
    {
        byte* text = stackalloc byte[64];
        return deviceGetPciBusId != null && deviceGetPciBusId(text, 64, device) == DriverError.Success ? Marshal.PtrToStringUTF8((nint)text) : null;
    }

    /// <summary>The context that every library in the process shares for this device.</summary>
    public nint PrimaryContextRetain(int device)
    {
        nint context;
        Check(primaryContextRetain(&context, device), "cuDevicePrimaryCtxRetain");
        return context;
    }

    /// <summary>Gives it back. The code is ignored: at the end of a process the driver may be gone already.</summary>
    public void PrimaryContextRelease(int device) => _ = primaryContextRelease(device);

    /// <summary>Makes a context the calling thread's.</summary>
    public void ContextSetCurrent(nint context) => Check(contextSetCurrent(context), "cuCtxSetCurrent");

    /// <summary>The same where memory is given back: an error must not hide the one that led there.</summary>
    public void TryContextSetCurrent(nint context) => _ = contextSetCurrent(context);

    /// <summary>Throws unless <paramref name="code"/> is success.</summary>
    /// <exception cref="CudaException">The call failed.</exception>
    public void Check(int code, string call)
    {
        if (code != DriverError.Success)
            throw Failure(code, call, null);
    }

    /// <summary>The exception for a code: call, code, meaning, remedy.</summary>
    /// <param name="code">What the driver returned.</param>
    /// <param name="call">The function.</param>
    /// <param name="circumstances">What was being done, or null.</param>
    public CudaException Failure(int code, string call, string? circumstances) => new(
        call, code,
        $"{call}{(circumstances is null ? "" : $" ({circumstances})")}: error {code} {Text(getErrorName, code)} ({Text(getErrorString, code)}); {DriverError.Remedy(code)}");

    private static string Text(delegate* unmanaged<int, byte**, int> entry, int code)
    {
        byte* text = null;
        return entry(code, &text) == DriverError.Success && text != null ? Marshal.PtrToStringUTF8((nint)text)! : "unknown to this driver";
    }
}
