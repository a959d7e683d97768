using System.Text;
using Robustify.Kernels.Cuda.Libraries;

namespace Robustify.Kernels.Cuda.Nvml;

/// <summary>The few functions of NVIDIA's management library that energy is read by. It comes with the driver; nothing else needs it.</summary>
internal sealed unsafe class NvmlApi
{
    private readonly delegate* unmanaged<int> init;
    private readonly delegate* unmanaged<int> shutdown;
    private readonly delegate* unmanaged<byte*, nint*, int> deviceByPciBusId;
    private readonly delegate* unmanaged<nint, ulong*, int> totalEnergy;

    private NvmlApi(LibrarySearch library)
    {
        init = (delegate* unmanaged<int>)library.TryEntry("nvmlInit_v2");
        shutdown = (delegate* unmanaged<int>)library.TryEntry("nvmlShutdown");
        deviceByPciBusId = (delegate* unmanaged<byte*, nint*, int>)library.TryEntry("nvmlDeviceGetHandleByPciBusId_v2");
        totalEnergy = (delegate* unmanaged<nint, ulong*, int>)library.TryEntry("nvmlDeviceGetTotalEnergyConsumption");
    }

    private bool IsComplete => init != null && shutdown != null && deviceByPciBusId != null && totalEnergy != null;

    /// <summary>Finds and starts the library; null with the reason where that cannot be.</summary>
    public static NvmlApi? Open(out string reason)
    {
        var library = new LibrarySearch("NVML, the management library", LibraryNames.Nvml);
        reason = "";
        if (library.Handle == 0)
        {
            reason = $"{library.Purpose}: not found ({string.Join(", ", library.Names)})";
            return null;
        }

        var api = new NvmlApi(library);
        int code = api.IsComplete ? api.init() : 0;
        if (api.IsComplete && code == 0)
            return api;
        reason = api.IsComplete ? $"{library.LoadedFrom}: nvmlInit returned {code}" : $"{library.LoadedFrom}: does not report energy";
        return null;
    }

    /// <summary>Handle of the device at a PCI address such as <c>0000:3b:00.0</c>; 0 where the library knows none.</summary>
    public nint DeviceAt(string pciBusId)
    {
        nint device = 0;
        fixed (byte* text = Encoding.ASCII.GetBytes(pciBusId + '\0'))
            return deviceByPciBusId(text, &device) == 0 ? device : 0;
    }

    /// <summary>Millijoules since the driver was loaded; null on devices that do not count (before Volta).</summary>
    public ulong? TotalMillijoules(nint device)
    {
        ulong millijoules = 0;
        return totalEnergy(device, &millijoules) == 0 ? millijoules : null;
    }

    /// <summary>Ends what <see cref="Open"/> began; the library counts both.</summary>
    public void Shutdown() => _ = shutdown();
}
