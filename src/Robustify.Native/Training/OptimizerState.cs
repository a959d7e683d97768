using Robustify.Kernels.Tensors;

namespace Robustify.Native.Training;

/// <summary>
/// What an optimiser remembers between steps, one value for each element of the flat parameter range. A checkpoint stores every buffer
/// under its name, beside the number of finished steps.
/// </summary>
/// <param name="Name"><c>momentum</c>, <c>first_moment</c> or <c>second_moment</c>.</param>
/// <param name="Values">[elements], in the device's memory.</param>
public readonly record struct OptimizerState(string Name, TensorView Values);
