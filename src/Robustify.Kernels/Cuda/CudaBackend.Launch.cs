using System.Diagnostics;
using Robustify.Kernels.Cuda.Driver;
using Robustify.Kernels.Cuda.Kernels;

namespace Robustify.Kernels.Cuda;

internal sealed unsafe partial class CudaBackend
{
    private const int MaximumArguments = 48;

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
        Verify(kernel, arguments);
        if (geometry.GridX == 0 || geometry.GridY == 0 || geometry.GridZ == 0)
            return;
        device.Bind();
        var loaded = kernels.Find(kernel);
        if (geometry.SharedBytes > loaded.AllowedSharedBytes)
            AllowSharedBytes(loaded, geometry.SharedBytes);
        ulong* values = stackalloc ulong[MaximumArguments];
        void** addresses = stackalloc void*[MaximumArguments];
        for (int i = 0; i < arguments.Length; i++)
        {
            values[i] = arguments[i].Bits;
            addresses[i] = values + i;
        }

        int code = driver.TryLaunch(loaded.Function, geometry, stream, addresses);
        if (code != DriverError.Success)
            throw LaunchFailure(code, kernel, geometry);
    }

    [Conditional("DEBUG")]
    private static void Verify(string kernel, ReadOnlySpan<KernelArgument> arguments)
    {
        if (arguments.Length > MaximumArguments)
            throw new ArgumentException($"kernel {kernel}: {arguments.Length} arguments given, {MaximumArguments} fit");
        KernelTable.Verify(kernel, arguments);
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
