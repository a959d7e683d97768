namespace Robustify.Native.Training;

/// <summary>
/// A contiguous run of elements of the flat parameter range, all decayed alike.
/// </summary>
/// <param name="Offset">First element, counted from the start of the range.</param>
/// <param name="Length">Elements; at least 1.</param>
/// <param name="WeightDecayMultiplier">
/// Times the optimiser's weight decay: 1 for matrices and convolutions; 0 for biases, norms, class token and positions.
/// </param>
public readonly record struct ParameterSegment(int Offset, int Length, float WeightDecayMultiplier);
