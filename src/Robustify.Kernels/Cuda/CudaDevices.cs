using Robustify.Kernels.Backends;

namespace Robustify.Kernels.Cuda;

/// <summary>The CUDA devices of this machine. Nothing of NVIDIA's is needed to start the program; what is missing is told here.</summary>
public static class CudaDevices
{
    /// <summary>Opens a device: finds the libraries, compiles the kernels or takes them from the cache.</summary>
    /// <exception cref="RobustifyException">A library is missing, there is no such device, or it is older than compute capability 8.0.</exception>
    public static IBackend Open(CudaOptions options) => new CudaBackend(CudaLibraries.Load(), options);

    /// <summary>
    /// Whether a device can be used, without compiling anything: driver, device and compute capability. <c>--device auto</c> asks this.
    /// </summary>
    /// <param name="device">Number of the device.</param>
    /// <param name="reason">Why not, in one line; empty where it can.</param>
    public static bool IsUsable(int device, out string reason)
    {
        try
        {
            var libraries = CudaLibraries.Load();
            using (new CudaDevice(libraries.Driver, device))
            {
                _ = libraries.CublasLt;
                _ = libraries.Nvrtc;
            }

            reason = "";
            return true;
        }
        catch (RobustifyException missing)
        {
            reason = missing.Message;
            return false;
        }
    }
}
