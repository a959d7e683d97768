namespace Robustify.Kernels.Cuda;

/// <summary>What a launch has to do at least, for the roofline: bytes of global memory read and written once, and floating-point operations.</summary>
internal readonly record struct LaunchCost(long Bytes, long Operations);
