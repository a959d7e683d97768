namespace Robustify.Kernels.Cuda.Libraries;

/// <summary>The file names NVIDIA gives its libraries. The toolkit's major version is part of them, and 12 and 13 are both in use.</summary>
internal static class LibraryNames
{
    /// <summary>Toolkit versions this program knows, newest first.</summary>
    private static readonly int[] Toolkits = [13, 12];

    /// <summary>The driver's own library; it comes with the display driver and never with a toolkit.</summary>
    public static string[] Driver => OperatingSystem.IsWindows() ? ["nvcuda.dll"] : ["libcuda.so.1", "libcuda.so"];

    /// <summary>The management library; it comes with the display driver.</summary>
    public static string[] Nvml => OperatingSystem.IsWindows() ? ["nvml.dll"] : ["libnvidia-ml.so.1", "libnvidia-ml.so"];

    /// <summary>The run-time compiler.</summary>
    /// <param name="driverToolkit">Major CUDA version of the driver.</param>
    public static string[] Nvrtc(int driverToolkit) =>
        For(driverToolkit, version => OperatingSystem.IsWindows() ? $"nvrtc64_{version}0_0.dll" : $"libnvrtc.so.{version}");

    /// <summary>Matrix products.</summary>
    /// <param name="driverToolkit">Major CUDA version of the driver.</param>
    public static string[] CublasLt(int driverToolkit) =>
        For(driverToolkit, version => OperatingSystem.IsWindows() ? $"cublasLt64_{version}.dll" : $"libcublasLt.so.{version}");

    /// <summary>
    /// Libraries of the driver's own version first, then older ones, which every driver runs. A newer one comes last: it may be there
    /// with NVIDIA's compatibility package.
    /// </summary>
    private static string[] For(int driverToolkit, Func<int, string> name) =>
        [.. Toolkits.Where(version => version <= driverToolkit).Concat(Toolkits.Where(version => version > driverToolkit).Reverse()).Select(name)];
}
