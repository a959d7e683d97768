using Robustify.Kernels.Backends;
using Robustify.Kernels.Cuda.Cublas;
using Robustify.Kernels.Cuda.Driver;
using Robustify.Kernels.Cuda.Kernels;

namespace Robustify.Kernels.Cuda;

/// <summary>
/// A CUDA device: own kernels compiled at run time, matrix products by cuBLASLt, one stream. Activations are float32 or bfloat16 as their
/// views say; arithmetic is float32. One file per group of operations.
/// </summary>
internal sealed unsafe partial class CudaBackend : IBackend
{
    private readonly CudaDevice device;
    private readonly DriverApi driver;
    private readonly KernelLibrary kernels;
    private readonly nint stream;
    private bool isDisposed;

    /// <param name="libraries">NVIDIA's libraries.</param>
    /// <param name="options">Device, cache, where progress goes.</param>
    /// <exception cref="RobustifyException">A library is missing, or the device cannot be used.</exception>
    public CudaBackend(CudaLibraries libraries, CudaOptions options)
        : this(libraries, options, KernelProgram.Product())
    {
    }

    /// <summary>As the other, with other kernels: for tests of the infrastructure.</summary>
    internal CudaBackend(CudaLibraries libraries, CudaOptions options, KernelProgram program)
    {
        driver = libraries.Driver;
        device = new CudaDevice(driver, options.Device);
        try
        {
            device.Bind();
            var cache = new KernelCache(options.CacheDirectory, options.Say);
            kernels = new KernelLibrary(device, libraries, cache, program, options.Say);
            stream = driver.StreamCreate();
            products = new(() => new MatmulPlanCache(libraries.CublasLt, device, cache, stream, options.Deterministic));
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>The device in words: <c>cuda, NVIDIA H200, compute capability 9.0, 132 multiprocessors, 139.8 GiB</c>.</summary>
    public string Description =>
        $"cuda, {device.Name}, compute capability {device.Major}.{device.Minor}, {device.Multiprocessors} multiprocessors, {device.TotalBytes / 1073741824.0:F1} GiB";

    /// <summary>Streaming multiprocessors of the device; a grid-stride kernel launches a few blocks for each.</summary>
    public int Multiprocessors => device.Multiprocessors;

    /// <summary>The device's stream (<c>CUstream</c>), in whose order everything happens.</summary>
    public nint Stream => stream;

    /// <inheritdoc cref="IDisposable.Dispose"/>
    public void Dispose()
    {
        if (isDisposed)
            return;
        isDisposed = true;
        device.BindToRelease();
        ReleaseScratch();
        if (products is { IsValueCreated: true })
            products.Value.Dispose();
        if (stream != 0)
            driver.StreamDestroy(stream);
        kernels?.Dispose();
        device.Dispose();
    }

}
