using Robustify.Kernels.Energy;

namespace Robustify.Kernels.Cuda.Nvml;

/// <summary>Energy of one board: all that runs on it, other processes and the other parts of a divided device too.</summary>
internal sealed class NvmlCounter : EnergyCounter
{
    private readonly NvmlApi nvml;
    private readonly nint device;
    private readonly ulong first;
    private ulong last;

    private NvmlCounter(NvmlApi nvml, nint device, ulong first) => (this.nvml, this.device, this.first, last) = (nvml, device, first, first);

    /// <inheritdoc/>
    public override string Source => "NVML, the whole board";

    /// <summary>Opens the counter of the board at a PCI address; null with the reason where there is none.</summary>
    public static NvmlCounter? Open(string? pciBusId, out string reason)
    {
        if (pciBusId is null)
        {
            reason = "the CUDA driver does not tell the device's PCI address";
            return null;
        }

        if (NvmlApi.Open(out reason) is not { } nvml)
            return null;
        nint device = nvml.DeviceAt(pciBusId);
        if (device != 0 && nvml.TotalMillijoules(device) is { } first)
            return new NvmlCounter(nvml, device, first);
        reason = $"NVML does not report the energy of the device at {pciBusId}";
        nvml.Shutdown();
        return null;
    }

    /// <inheritdoc/>
    public override double Joules()
    {
        last = nvml.TotalMillijoules(device) ?? last;
        return (last - first) / 1e3;
    }

    /// <inheritdoc/>
    public override void Dispose() => nvml.Shutdown();
}
