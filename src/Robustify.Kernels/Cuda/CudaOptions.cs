using Robustify.Kernels.Cuda.Kernels;

namespace Robustify.Kernels.Cuda;

/// <summary>How a CUDA device is opened.</summary>
public sealed class CudaOptions
{
    /// <summary>Number of the device among those that CUDA_VISIBLE_DEVICES leaves, from 0.</summary>
    public int Device { get; init; }

    /// <summary>Where compiled kernels and tuned choices are kept.</summary>
    public string CacheDirectory { get; init; } = KernelCache.DefaultDirectory();

    /// <summary>Receives progress and warnings, a line each: the first compilation takes a while.</summary>
    public Action<string> Say { get; init; } = static _ => { };

    /// <summary>
    /// Whether the algorithm of a matrix product follows from its shape alone. Otherwise several are timed once a shape and the fastest is
    /// kept, so that two machines (or a cleared cache) may round differently; runs on one machine repeat in either case.
    /// </summary>
    public bool Deterministic { get; init; }
}
