using Robustify.Kernels.Tensors;

namespace Robustify.Kernels.Backends;

/// <summary>What brings texts and images into one space and compares them there.</summary>
public partial interface IBackend
{
    /// <summary>
    /// y[i] = table[rows[i]]: the embeddings of tokens, or the token of each sequence that a text's features are taken at. table [R, D],
    /// rows [n] (Int32), y [n, D]. A row outside the table gives NaN and reads nothing.
    /// </summary>
    void SelectRows(TensorView table, TensorView rows, TensorView y);

    /// <summary>
    /// Gradient of <see cref="SelectRows"/>: dtable[r] (+)= the sum of dy[i] over all i with rows[i] = r, in order. dtable may be Float32
    /// where dy is BFloat16.
    /// </summary>
    void SelectRowsGradient(TensorView dy, TensorView rows, TensorView dtable, bool accumulate);

    /// <summary>
    /// Each row over its Euclidean norm: y = x reciprocalNorm, Float32. x and y [rows, D]; reciprocalNorm [rows] is kept for the backward
    /// pass. A row of zeros gives NaN, as in PyTorch's division.
    /// </summary>
    void NormalizeRows(TensorView x, TensorView y, TensorView reciprocalNorm);

    /// <summary>Gradient of <see cref="NormalizeRows"/>: dx (+)= (dy - y (y · dy)) reciprocalNorm.</summary>
    void NormalizeRowsGradient(TensorView dy, TensorView y, TensorView reciprocalNorm, TensorView dx, bool accumulate);

    /// <summary>y = exp(exponent) x, Float32; exponent [1]. CLIP learns the logarithm of its logits' scale.</summary>
    void ScaleByExponential(TensorView x, TensorView exponent, TensorView y);

    /// <summary>
    /// Gradients of <see cref="ScaleByExponential"/>: dx (+)= exp(exponent) dy, dexponent [1] (+)= the sum of dy y. Either may be absent.
    /// </summary>
    void ScaleByExponentialGradient(
        TensorView dy, TensorView y, TensorView exponent, TensorView dx, TensorView dexponent, bool accumulateInput, bool accumulateExponent);
}
