using System.Diagnostics;
using System.Text;
using Robustify.Kernels.Cuda.Driver;
using Robustify.Kernels.Cuda.Nvrtc;

namespace Robustify.Kernels.Cuda.Kernels;

/// <summary>
/// The kernels on one device: compiled for its exact architecture, or taken from the cache, and found by name. A cached file that is damaged
/// or that the driver refuses is compiled anew.
/// </summary>
internal sealed class KernelLibrary : IDisposable
{
    private readonly DriverApi driver;
    private readonly Dictionary<string, LoadedKernel> kernels = new(StringComparer.Ordinal);
    private nint module;

    /// <param name="device">The device, its context bound.</param>
    /// <param name="compiler">NVRTC, asked for only where the cache has no kernels.</param>
    /// <param name="compilerVersion">NVRTC's version; part of the key.</param>
    /// <param name="cache">Where compiled kernels lie.</param>
    /// <param name="source">The text of all kernels.</param>
    /// <param name="say">Receives a line before and after a compilation.</param>
    public KernelLibrary(CudaDevice device, Func<NvrtcApi> compiler, string compilerVersion, KernelCache cache, string source, Action<string> say)
    {
        driver = device.Driver;
        string[] options = [$"--gpu-architecture=sm_{device.Architecture}", "--std=c++17", "--generate-line-info"];
        string name = KernelCache.NameOf(".cubin", source, string.Join(' ', options), device.Architecture, compilerVersion);
        if (cache.Read(name) is { } cached && driver.TryModuleLoad(cached, out module) == DriverError.Success)
            return;
        say($"compiling the CUDA kernels for {device.Name} (sm_{device.Architecture}); this is done once and kept in {cache.Directory}");
        long start = Stopwatch.GetTimestamp();
        byte[] cubin = compiler().Compile(source, KernelSource.Index, options);
        say($"kernels compiled in {Stopwatch.GetElapsedTime(start).TotalSeconds:F1} s");
        int code = driver.TryModuleLoad(cubin, out module);
        if (code != DriverError.Success)
            throw driver.Failure(code, "cuModuleLoadData", $"kernels compiled by NVRTC {compilerVersion} for sm_{device.Architecture}");
        cache.Write(name, cubin);
    }

    /// <summary>A kernel by its name, looked up once.</summary>
    public LoadedKernel Find(string name)
    {
        if (kernels.TryGetValue(name, out var kernel))
            return kernel;
        int code = driver.TryModuleGetFunction(module, Encoding.UTF8.GetBytes(name + '\0'), out nint function);
        if (code != DriverError.Success)
            throw driver.Failure(code, "cuModuleGetFunction", name);
        kernel = new LoadedKernel(name, function);
        kernels.Add(name, kernel);
        return kernel;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (module != 0)
            driver.ModuleUnload(module);
        module = 0;
    }
}

/// <summary>A kernel on its device.</summary>
internal sealed class LoadedKernel(string name, nint function)
{
    /// <summary>What the source calls it.</summary>
    public string Name { get; } = name;

    /// <summary>The driver's handle.</summary>
    public nint Function { get; } = function;

    /// <summary>Dynamic shared memory the kernel may use as it stands; 48 KiB unless it was given more.</summary>
    public uint AllowedSharedBytes { get; set; } = 48 * 1024;
}
