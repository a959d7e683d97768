using Robustify.Kernels.Cuda.Cublas;
using Robustify.Kernels.Cuda.Driver;
using Robustify.Kernels.Cuda.Libraries;
using Robustify.Kernels.Cuda.Nvrtc;

namespace Robustify.Kernels.Cuda;

/// <summary>
/// NVIDIA's libraries as this machine has them. The driver is looked for at once, the others when they are first needed: with kernels in the
/// cache a machine without NVRTC computes all the same.
/// </summary>
internal sealed class CudaLibraries
{
    private readonly Lazy<LibrarySearch> nvrtcSearch;
    private readonly Lazy<LibrarySearch> cublasLtSearch;
    private readonly Lazy<NvrtcApi> nvrtc;
    private readonly Lazy<CublasLtApi> cublasLt;

    private CudaLibraries(DriverApi driver)
    {
        Driver = driver;
        int toolkit = driver.Version / 1000;
        nvrtcSearch = new(() => new LibrarySearch("NVRTC, the run-time compiler", LibraryNames.Nvrtc(toolkit)));
        cublasLtSearch = new(() => new LibrarySearch("cuBLASLt, matrix products", LibraryNames.CublasLt(toolkit)));
        nvrtc = new(() => new NvrtcApi(Found(nvrtcSearch.Value)));
        cublasLt = new(() => new CublasLtApi(Found(cublasLtSearch.Value)));
    }

    /// <summary>The driver API.</summary>
    public DriverApi Driver { get; }

    /// <summary>The run-time compiler.</summary>
    /// <exception cref="RobustifyException">It is not installed.</exception>
    public NvrtcApi Nvrtc => nvrtc.Value;

    /// <summary>Matrix products.</summary>
    /// <exception cref="RobustifyException">It is not installed.</exception>
    public CublasLtApi CublasLt => cublasLt.Value;

    /// <summary>What was tried for NVRTC.</summary>
    public LibrarySearch NvrtcSearch => nvrtcSearch.Value;

    /// <summary>What was tried for cuBLASLt.</summary>
    public LibrarySearch CublasLtSearch => cublasLtSearch.Value;

    /// <summary>The libraries of this machine.</summary>
    /// <exception cref="RobustifyException">No driver is installed, or it finds no device.</exception>
    public static CudaLibraries Load() => new(new DriverApi(Found(SearchDriver())));

    /// <summary>What was tried for the driver.</summary>
    public static LibrarySearch SearchDriver() => new("CUDA driver", LibraryNames.Driver);

    private static LibrarySearch Found(LibrarySearch search) => search.Handle != 0
        ? search
        : throw new RobustifyException(
            $"{search.Purpose}: not found ({string.Join(", ", search.Names)}); install it, or name its folder in {LibraryFolders.PathVariable} (`robustify doctor` lists what was tried), or use --device cpu");
}
