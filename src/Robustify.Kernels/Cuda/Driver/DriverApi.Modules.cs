using Robustify.Kernels.Cuda.Libraries;

namespace Robustify.Kernels.Cuda.Driver;

internal sealed unsafe partial class DriverApi
{
    /// <summary>CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES.</summary>
    private const int MaximumDynamicSharedBytes = 8;

    private readonly ModuleEntries modules;

    /// <summary>Loads compiled kernels.</summary>
    /// <returns>The code; the caller compiles anew where the image does not fit.</returns>
    public int TryModuleLoad(ReadOnlySpan<byte> image, out nint module)
    {
        nint handle = 0;
        int code;
        fixed (byte* data = image)
            code = modules.Load(&handle, data);
        module = handle;
        return code;
    }

    /// <summary>Unloads kernels.</summary>
    public void ModuleUnload(nint module) => _ = modules.Unload(module);

    /// <summary>A kernel by its name; <paramref name="name"/> ends in a zero byte.</summary>
    public int TryModuleGetFunction(nint module, ReadOnlySpan<byte> name, out nint function)
    {
        nint handle = 0;
        int code;
        fixed (byte* text = name)
            code = modules.GetFunction(&handle, module, text);
        function = handle;
        return code;
    }

    /// <summary>Allows a kernel more dynamic shared memory than the 48 KiB every device gives.</summary>
    public int TryAllowSharedBytes(nint function, int bytes) => modules.SetFunctionAttribute(function, MaximumDynamicSharedBytes, bytes);

    /// <summary>Queues a kernel on the stream.</summary>
    public int TryLaunch(nint function, in LaunchGeometry geometry, nint stream, void** arguments) => modules.Launch(
        function, geometry.GridX, geometry.GridY, geometry.GridZ, geometry.BlockX, geometry.BlockY, geometry.BlockZ, geometry.SharedBytes, stream,
        arguments, null);

    private readonly struct ModuleEntries(LibrarySearch library)
    {
        public readonly delegate* unmanaged<nint*, void*, int> Load = (delegate* unmanaged<nint*, void*, int>)library.Entry("cuModuleLoadData");
        public readonly delegate* unmanaged<nint, int> Unload = (delegate* unmanaged<nint, int>)library.Entry("cuModuleUnload");
        public readonly delegate* unmanaged<nint*, nint, byte*, int> GetFunction = (delegate* unmanaged<nint*, nint, byte*, int>)library.Entry("cuModuleGetFunction");

        public readonly delegate* unmanaged<nint, int, int, int> SetFunctionAttribute =
            (delegate* unmanaged<nint, int, int, int>)library.Entry("cuFuncSetAttribute");

        public readonly delegate* unmanaged<nint, uint, uint, uint, uint, uint, uint, uint, nint, void**, void**, int> Launch =
            (delegate* unmanaged<nint, uint, uint, uint, uint, uint, uint, uint, nint, void**, void**, int>)library.Entry("cuLaunchKernel");
    }
}
