using Robustify.Kernels.Backends;
using Robustify.Kernels.Cpu;
using Robustify.Kernels.Cuda;

namespace Robustify.Kernels;

/// <summary>A device to compute on, and the crew of threads that prepares its data.</summary>
public sealed class OpenedDevice : IDisposable
{
    private OpenedDevice(IBackend backend, CpuThreads threads) => (Backend, Threads) = (backend, threads);

    /// <summary>The device.</summary>
    public IBackend Backend { get; }

    /// <summary>The crew; the CPU device computes with it too.</summary>
    public CpuThreads Threads { get; }

    /// <summary>Opens a device: the one place that knows which there are.</summary>
    /// <param name="choice">Which.</param>
    /// <param name="workers">Threads of the crew; 0 means one per processor.</param>
    /// <param name="say">Receives a line where something takes a while, such as the first compilation of the kernels.</param>
    /// <exception cref="RobustifyException"><see cref="DeviceChoice.Cuda"/>, and no CUDA device can be used: says why in one line.</exception>
    public static OpenedDevice Open(DeviceChoice choice, int workers, Action<string> say)
    {
        if (IsCuda(choice))
        {
            var backend = CudaDevices.Open(new CudaOptions { Say = say });
            return new OpenedDevice(backend, new CpuThreads(workers == 0 ? Environment.ProcessorCount : workers));
        }

        var cpu = new CpuBackend(workers);
        return new OpenedDevice(cpu, cpu.Threads);
    }

    /// <summary>Whether <see cref="Open"/> would take a CUDA device, or refuse for want of one.</summary>
    internal static bool IsCuda(DeviceChoice choice) => choice == DeviceChoice.Cuda || (choice == DeviceChoice.Auto && CudaDevices.IsUsable(0, out _));

    /// <inheritdoc/>
    public void Dispose()
    {
        Backend.Dispose();
        if (Backend is not CpuBackend)
            Threads.Dispose();
    }
}
