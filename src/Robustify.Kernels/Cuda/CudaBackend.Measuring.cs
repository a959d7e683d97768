using Robustify.Kernels.Backends;
using Robustify.Kernels.Cuda.Nvml;
using Robustify.Kernels.Energy;

namespace Robustify.Kernels.Cuda;

internal sealed unsafe partial class CudaBackend
{
    /// <inheritdoc cref="IBackend.PeakBytes"/>
    public long? PeakBytes => driver.PeakBytes;

    /// <inheritdoc cref="IBackend.CreateTimer"/>
    public DeviceTimer CreateTimer() => new CudaTimer(device, stream);

    /// <inheritdoc cref="IBackend.OpenEnergyCounter"/>
    public EnergyCounter? OpenEnergyCounter(out string reason) => NvmlCounter.Open(device.PciBusId, out reason);
}
