using Robustify.Kernels.Tensors;

namespace Robustify.Kernels.Backends;

/// <summary>
/// Names the draws of one dropout or stochastic-depth layer: Philox key = <paramref name="Seed"/>, counter = (<paramref name="Purpose"/>
/// with the layer's number in its high half, epoch, sample, element block). The epoch is read from device memory (one Int32), because it
/// changes between steps while the graph does not.
/// </summary>
public readonly record struct DropoutDraw(ulong Seed, uint Purpose, TensorView Epoch, float Probability);
