using System.Runtime.InteropServices;
using System.Text;
using Robustify.SoftwareCuda.Tests.Device;

namespace Robustify.SoftwareCuda.Tests.Driver;

/// <summary>
/// The driver's calls as these tests need them: codes come back as they are, so that a refusal can be looked at. Bound by name to the open
/// device; the product's own bindings are tested elsewhere.
/// </summary>
internal sealed unsafe class TestDriver
{
    private readonly nint library;

    public TestDriver(SoftwareDevice device)
    {
        library = device.Library;
        Ok(((delegate* unmanaged<uint, int>)Entry("cuInit"))(0));
        nint context;
        Ok(((delegate* unmanaged<nint*, int, int>)Entry("cuDevicePrimaryCtxRetain"))(&context, 0));
        Ok(((delegate* unmanaged<nint, int>)Entry("cuCtxSetCurrent"))(context));
        Device = device;
    }

    public SoftwareDevice Device { get; }

    public nint Entry(string name) => NativeLibrary.GetExport(library, name);

    public void Ok(int code) => Assert.True(code == 0, $"error {code}: {Device?.Report}");

    public nint New(int bytes)
    {
        nint address;
        Ok(((delegate* unmanaged<nint*, nuint, int>)Entry("cuMemAlloc_v2"))(&address, (nuint)bytes));
        return address;
    }

    public nint Upload<T>(ReadOnlySpan<T> values)
        where T : unmanaged
    {
        nint address = New(values.Length * sizeof(T));
        fixed (T* from = values)
            Ok(CopyToDevice(address, from, values.Length * sizeof(T)));
        return address;
    }

    public T[] Download<T>(nint address, int count)
        where T : unmanaged
    {
        var values = new T[count];
        fixed (T* into = values)
            Ok(CopyToHost(into, address, count * sizeof(T)));
        return values;
    }

    public int Free(nint address) => ((delegate* unmanaged<nint, int>)Entry("cuMemFree_v2"))(address);

    public int CopyToDevice(nint to, void* from, int bytes) => ((delegate* unmanaged<nint, void*, nuint, int>)Entry("cuMemcpyHtoD_v2"))(to, from, (nuint)bytes);

    public int CopyToHost(void* to, nint from, int bytes) => ((delegate* unmanaged<void*, nint, nuint, int>)Entry("cuMemcpyDtoH_v2"))(to, from, (nuint)bytes);

    public int Synchronize() => ((delegate* unmanaged<int>)Entry("cuCtxSynchronize"))();

    public nint Compile(string source, string name = "test.cu", int capability = 0)
    {
        nint program;
        fixed (byte* text = Encoding.UTF8.GetBytes(source + '\0'), file = Encoding.UTF8.GetBytes(name + '\0'), arch = Encoding.UTF8.GetBytes($"--gpu-architecture=sm_{(capability == 0 ? Device.Options.Capability : capability)}\0"))
        {
            Ok(((delegate* unmanaged<nint*, byte*, byte*, int, void*, void*, int>)Entry("nvrtcCreateProgram"))(&program, text, file, 0, null, null));
            byte** options = stackalloc byte*[] { arch };
            int code = ((delegate* unmanaged<nint, int, byte**, int>)Entry("nvrtcCompileProgram"))(program, 1, options);
            nuint size;
            Ok(((delegate* unmanaged<nint, nuint*, int>)Entry("nvrtcGetProgramLogSize"))(program, &size));
            var log = new byte[size];
            fixed (byte* into = log)
                Ok(((delegate* unmanaged<nint, byte*, int>)Entry("nvrtcGetProgramLog"))(program, into));
            Assert.True(code == 0, Encoding.UTF8.GetString(log));
            Ok(((delegate* unmanaged<nint, nuint*, int>)Entry("nvrtcGetCUBINSize"))(program, &size));
            var image = new byte[size];
            nint module;
            fixed (byte* into = image)
            {
                Ok(((delegate* unmanaged<nint, byte*, int>)Entry("nvrtcGetCUBIN"))(program, into));
                Ok(((delegate* unmanaged<nint*, void*, int>)Entry("cuModuleLoadData"))(&module, into));
            }

            Ok(((delegate* unmanaged<nint*, int>)Entry("nvrtcDestroyProgram"))(&program));
            return module;
        }
    }

    public nint Function(nint module, string name)
    {
        nint function;
        fixed (byte* text = Encoding.UTF8.GetBytes(name + '\0'))
            Ok(((delegate* unmanaged<nint*, nint, byte*, int>)Entry("cuModuleGetFunction"))(&function, module, text));
        return function;
    }

    /// <summary>Arguments in cells of 8 bytes; on the default stream unless another is given.</summary>
    public int Launch(nint function, (int X, int Y, int Z) grid, (int X, int Y, int Z) block, int sharedBytes, ReadOnlySpan<long> cells, nint stream = 0)
    {
        void** arguments = stackalloc void*[cells.Length + 1];
        fixed (long* cell = cells)
        {
            for (int i = 0; i < cells.Length; i++)
                arguments[i] = cell + i;
            arguments[cells.Length] = null;
            return ((delegate* unmanaged<nint, uint, uint, uint, uint, uint, uint, uint, nint, void**, void**, int>)Entry("cuLaunchKernel"))(
                function, (uint)grid.X, (uint)grid.Y, (uint)grid.Z, (uint)block.X, (uint)block.Y, (uint)block.Z, (uint)sharedBytes, stream, arguments, null);
        }
    }

    public static long Cell(float value) => BitConverter.SingleToInt32Bits(value);
}
