using Robustify.Kernels.Tensors;

namespace Robustify.Kernels.Cuda;

/// <summary>One axis of a resampling in device memory: for each target its first source pixel, how many weights it has, and they, stride apart.</summary>
internal readonly record struct DeviceResampling(TensorView First, TensorView Count, TensorView Weights, int Stride);
