using Robustify.Kernels.Energy;

namespace Robustify.Kernels.Backends;

public partial interface IBackend
{
    /// <summary>Most bytes that were allocated on the device at one time; null where the device computes in the process's own memory.</summary>
    long? PeakBytes => null;

    /// <summary>A timer of the device's work. A device that computes while it is called needs no more than a clock.</summary>
    DeviceTimer CreateTimer() => new HostTimer();

    /// <summary>What the device's energy is read from; null where nothing reports it.</summary>
    /// <param name="reason">Why nothing does, in one line; empty where something does.</param>
    EnergyCounter? OpenEnergyCounter(out string reason) => RaplCounter.Open(out reason);
}
