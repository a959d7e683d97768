using Robustify.Kernels.Cuda.Kernels;
using Robustify.Kernels.Cuda.Libraries;

namespace Robustify.Kernels.Cuda;

/// <summary>What this machine has of CUDA, name by name, for <c>doctor</c>: never fails, whatever is missing.</summary>
internal static class CudaInventory
{
    /// <summary>All findings in the order they are told.</summary>
    public static IEnumerable<(string Name, string Value)> Take()
    {
        foreach (var finding in Libraries())
            yield return finding;
        yield return ("kernel cache", Cache());
    }

    private static List<(string Name, string Value)> Libraries()
    {
        var found = new List<(string Name, string Value)>();
        var driver = CudaLibraries.SearchDriver();
        CudaLibraries? libraries = null;
        try
        {
            libraries = CudaLibraries.Load();
            found.Add(("cuda driver", $"CUDA {Version(libraries.Driver.Version)}, {driver.LoadedFrom}"));
            for (int i = 0; i < libraries.Driver.DeviceCount; i++)
                found.Add(($"cuda device {i}", Device(libraries, i)));
        }
        catch (RobustifyException missing)
        {
            found.Add(("cuda driver", $"none: {missing.Message}"));
        }

        found.Add(("cuda driver tried", Tried(driver)));
        if (libraries is not null)
        {
            found.Add(("nvrtc", Told(() => $"{libraries.Nvrtc.Version}, {libraries.NvrtcSearch.LoadedFrom}")));
            found.Add(("nvrtc tried", Tried(libraries.NvrtcSearch)));
            found.Add(("cublaslt", Told(() => $"{libraries.CublasLt.Version}, {libraries.CublasLtSearch.LoadedFrom}")));
            found.Add(("cublaslt tried", Tried(libraries.CublasLtSearch)));
        }

        return found;
    }

    private static string Device(CudaLibraries libraries, int ordinal) => Told(() =>
    {
        using var device = new CudaDevice(libraries.Driver, ordinal);
        device.Bind();
        (long free, long total) = libraries.Driver.MemoryInfo();
        return string.Create(
            System.Globalization.CultureInfo.InvariantCulture,
            $"{device.Name}, compute capability {device.Major}.{device.Minor}, {device.Multiprocessors} multiprocessors, {free / 1073741824.0:F1} of {total / 1073741824.0:F1} GiB free");
    });

    private static string Cache()
    {
        var cache = new KernelCache(KernelCache.DefaultDirectory(), static _ => { });
        (int files, long bytes) = cache.Contents();
        return string.Create(
            System.Globalization.CultureInfo.InvariantCulture, $"{cache.Directory}: {files} files, {bytes / 1048576.0:F1} MiB, {(cache.IsWritable() ? "can" : "cannot")} be written");
    }

    private static string Told(Func<string> tell)
    {
        try
        {
            return tell();
        }
        catch (RobustifyException missing)
        {
            return $"none: {missing.Message}";
        }
    }

    private static string Tried(LibrarySearch search) => string.Join("; ", search.Attempts);

    private static string Version(int number) => $"{number / 1000}.{number % 1000 / 10}";
}
