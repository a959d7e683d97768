using System.Diagnostics;
using System.Text;
using Robustify.Kernels.Cuda.Driver;

namespace Robustify.Kernels.Cuda.Kernels;

/// <summary>
/// The kernels on one device: compiled for its exact architecture, or taken from the cache, and found by name. A cached file that is damaged
/// or that the driver refuses is compiled anew.
/// </summary>
internal sealed class KernelLibrary : IDisposable
{
    private readonly DriverApi driver;
    private readonly KernelProgram program;
    private readonly Dictionary<string, LoadedKernel> kernels = new(StringComparer.Ordinal);
    private readonly string[] options;
    private nint module;

    /// <param name="device">The device, its context bound.</param>
    /// <param name="libraries">Where the compiler comes from.</param>
    /// <param name="cache">Where compiled kernels lie.</param>
    /// <param name="program">The kernels.</param>
    /// <param name="say">Receives a line before and after a compilation.</param>
    /// <exception cref="RobustifyException">The kernels are not in the cache and cannot be compiled.</exception>
    public KernelLibrary(CudaDevice device, CudaLibraries libraries, KernelCache cache, KernelProgram program, Action<string> say)
    {
        driver = device.Driver;
        this.program = program;
        options = [$"--gpu-architecture=sm_{device.Architecture}", "--std=c++17", "--generate-line-info"];
        string? name = libraries.NvrtcSearch.Handle != 0 ? NameFor(libraries.Nvrtc.Version) : NameWithoutCompiler(cache, say);
        if (name is not null && cache.Read(name) is { } cached && driver.TryModuleLoad(cached, out module) == DriverError.Success)
            return;
        var compiler = libraries.Nvrtc;
        say($"compiling the CUDA kernels for {device.Name} (sm_{device.Architecture}); this is done once and kept in {cache.Directory}");
        long start = Stopwatch.GetTimestamp();
        byte[] cubin = compiler.Compile(program.Source, KernelSource.Index, options);
        say($"kernels compiled in {Stopwatch.GetElapsedTime(start).TotalSeconds:F1} s");
        int code = driver.TryModuleLoad(cubin, out module);
        if (code != DriverError.Success)
            throw driver.Failure(code, "cuModuleLoadData", $"kernels compiled by NVRTC {compiler.Version} for sm_{device.Architecture}");
        cache.Write(NameFor(compiler.Version), cubin);
        cache.Write(PointerName, Encoding.ASCII.GetBytes(NameFor(compiler.Version)));
    }

    /// <summary>The file that names the newest compilation, for a machine that has lost its compiler.</summary>
    private string PointerName => KernelCache.NameOf(".newest", program.Source, string.Join(' ', options));

    /// <summary>A kernel by its name, looked up once.</summary>
    public LoadedKernel Find(string name)
    {
        if (kernels.TryGetValue(name, out var kernel))
            return kernel;
        if (!program.Signatures.TryGetValue(name, out string? parameters))
            throw new ArgumentException($"kernel {name}: not in the launch table");
        int code = driver.TryModuleGetFunction(module, Encoding.UTF8.GetBytes(name + '\0'), out nint function);
        if (code != DriverError.Success)
            throw driver.Failure(code, "cuModuleGetFunction", name);
        kernel = new LoadedKernel(name, function, parameters);
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

    /// <summary>The options hold the architecture.</summary>
    private string NameFor(string compilerVersion) => KernelCache.NameOf(".cubin", program.Source, string.Join(' ', options), compilerVersion);

    private string? NameWithoutCompiler(KernelCache cache, Action<string> say)
    {
        if (cache.Read(PointerName) is not { } pointer)
            return null;
        say("NVRTC, the run-time compiler, is not installed; kernels compiled earlier are used");
        return Encoding.ASCII.GetString(pointer);
    }
}
