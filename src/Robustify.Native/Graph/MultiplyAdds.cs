namespace Robustify.Native.Graph;

/// <summary>
/// How often a number is multiplied and added to a sum: products of matrices, convolutions (with the zeros of their padding) and attention's
/// products. Norms, activations, softmax and losses are not counted, as usual; nor is what a kernel computes a second time to save memory
/// (attention's scores in its gradient), so that the count belongs to the model and not to a device.
/// </summary>
/// <param name="Forward">Of outputs from inputs.</param>
/// <param name="DataGradient">Of the gradients of activations: nothing where no trained tensor lies before.</param>
/// <param name="WeightGradient">Of the gradients of trained tensors.</param>
public readonly record struct MultiplyAdds(long Forward = 0, long DataGradient = 0, long WeightGradient = 0)
{
    /// <summary>Floating-point operations of the forward pass: a multiplication and an addition are two.</summary>
    public long ForwardFlops => 2 * Forward;

    /// <summary>Floating-point operations of the backward pass.</summary>
    public long BackwardFlops => 2 * (DataGradient + WeightGradient);

    /// <summary>One after the other.</summary>
    public static MultiplyAdds operator +(MultiplyAdds a, MultiplyAdds b) =>
        new(a.Forward + b.Forward, a.DataGradient + b.DataGradient, a.WeightGradient + b.WeightGradient);
}
