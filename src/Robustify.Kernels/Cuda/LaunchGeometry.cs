namespace Robustify.Kernels.Cuda;

/// <summary>How a kernel is launched: blocks, threads of a block, and bytes of dynamic shared memory.</summary>
internal readonly record struct LaunchGeometry(
    uint GridX, uint GridY, uint GridZ, uint BlockX, uint BlockY = 1, uint BlockZ = 1, uint SharedBytes = 0);
