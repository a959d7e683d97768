namespace Robustify.Kernels;

/// <summary>Where to compute.</summary>
public enum DeviceChoice
{
    /// <summary>The first CUDA device where one can be used, else the CPU.</summary>
    Auto,

    /// <summary>The CPU.</summary>
    Cpu,

    /// <summary>The first CUDA device.</summary>
    Cuda,
}
