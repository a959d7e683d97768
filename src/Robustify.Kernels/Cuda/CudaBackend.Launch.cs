using Robustify.Kernels.Cuda.Driver;
using Robustify.Kernels.Cuda.Kernels;

namespace Robustify.Kernels.Cuda;

internal sealed unsafe partial class CudaBackend
{
    /// <summary>
    /// The one gate: every kernel of this program is queued here, in the order of the stream. No managed memory is allocated.
    /// </summary>
    /// <param name="kernel">Name of the kernel, as the source and the launch table have it.</param>
    /// <param name="geometry">Blocks, threads and dynamic shared memory; an empty grid launches nothing.</param>
    /// <param name="cost">Bytes and operations, for profiles.</param>
    /// <param name="arguments">As the launch table says.</param>
    /// <exception cref="CudaException">The driver refuses the launch, or an earlier kernel failed.</exception>
    internal void Launch(string kernel, in LaunchGeometry geometry, in LaunchCost cost, params ReadOnlySpan<KernelArgument> arguments)
    {
        if (geometry.GridX == 0 || geometry.GridY == 0 || geometry.GridZ == 0)
            return;
        device.Bind();
        var loaded = kernels.Find(kernel);
        loaded.Verify(arguments);
        if (geometry.SharedBytes > loaded.AllowedSharedBytes)
            AllowSharedBytes(loaded, geometry.SharedBytes);
        ulong* values = stackalloc ulong[KernelTable.MaximumParameters];
        void** addresses = stackalloc void*[KernelTable.MaximumParameters];
        for (int i = 0; i < arguments.Length; i++)
        {
            values[i] = arguments[i].Bits;
            addresses[i] = values + i;
        }

        Entering(kernel, cost);
        int code = driver.TryLaunch(loaded.Function, geometry, stream, addresses);
        Leaving();
        if (code != DriverError.Success)
            throw LaunchFailure(code, kernel, geometry);
    }

    private void AllowSharedBytes(LoadedKernel kernel, uint bytes)
    {
        int code = driver.TryAllowSharedBytes(kernel.Function, checked((int)bytes));
        if (code != DriverError.Success)
            throw driver.Failure(code, "cuFuncSetAttribute", $"{bytes} bytes of shared memory for {kernel.Name}, the device allows {device.SharedBytesPerBlock}");
        kernel.AllowedSharedBytes = bytes;
    }

    private CudaException LaunchFailure(int code, string kernel, LaunchGeometry geometry) => driver.Failure(
        code, "cuLaunchKernel",
        $"{kernel}, grid {geometry.GridX} x {geometry.GridY} x {geometry.GridZ}, block {geometry.BlockX} x {geometry.BlockY} x {geometry.BlockZ}, {geometry.SharedBytes} bytes shared");
}
