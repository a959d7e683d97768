using Robustify.Kernels.Tensors;

namespace Robustify.Kernels.Cuda;

/// <summary>
/// Names the draws of one corruption of a batch: Philox key = <paramref name="Seed"/>, counter = (<paramref name="Purpose"/>,
/// <paramref name="Epoch"/> with corruption and severity, sample, block). <paramref name="SampleIds"/> [images] Int32.
/// </summary>
internal readonly record struct CorruptionDraw(ulong Seed, uint Purpose, uint Epoch, TensorView SampleIds);
