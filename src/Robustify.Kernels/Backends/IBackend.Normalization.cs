using Robustify.Kernels.Tensors;

namespace Robustify.Kernels.Backends;

public partial interface IBackend
{
    /// <summary>
    /// Layer normalisation of each row: y = (x - mean) rstd gamma + beta, biased variance (Ba et al., arXiv 1607.06450). mean and
    /// reciprocalDeviation [rows] are kept for the backward pass.
    /// </summary>
    void LayerNorm(TensorView x, TensorView gamma, TensorView beta, TensorView y, TensorView mean, TensorView reciprocalDeviation, float epsilon);

    /// <summary>Gradient of <see cref="LayerNorm"/> with respect to x.</summary>
    void LayerNormInputGradient(
        TensorView dy, TensorView x, TensorView gamma, TensorView mean, TensorView reciprocalDeviation, TensorView dx, bool accumulate);

    /// <summary>
    /// The residual sum and the norm that reads it, in one pass: sum = x + branch, then <see cref="LayerNorm"/> of sum, with the bits of
    /// <see cref="Add"/> and <see cref="LayerNorm"/>. sum may be x or branch.
    /// </summary>
    void ResidualLayerNorm(
        TensorView x, TensorView branch, TensorView gamma, TensorView beta, TensorView sum, TensorView y, TensorView mean,
        TensorView reciprocalDeviation, float epsilon);

    /// <summary>
    /// Gradient of <see cref="ResidualLayerNorm"/> with respect to x, and to branch alike: dx = dsum + the norm's own gradient, where dsum
    /// is what comes back to sum past the norm. dx may be dsum. Gamma and beta: <see cref="LayerNormParameterGradient"/> with sum as x.
    /// </summary>
    void ResidualLayerNormInputGradient(
        TensorView dy, TensorView dsum, TensorView sum, TensorView gamma, TensorView mean, TensorView reciprocalDeviation, TensorView dx);

    /// <summary>Gradients of <see cref="LayerNorm"/> with respect to gamma and beta.</summary>
    void LayerNormParameterGradient(
        TensorView dy, TensorView x, TensorView mean, TensorView reciprocalDeviation, TensorView dgamma, TensorView dbeta, bool accumulate);

    /// <summary>
    /// Batch normalisation over the rows of x [N, H, W, C] with batch statistics, then + residual (or absent), then ReLU where asked.
    /// mean and reciprocalDeviation [C] are kept for the backward pass; running mean and (unbiased) variance move by
    /// <paramref name="momentum"/> (Ioffe and Szegedy, arXiv 1502.03167; PyTorch's conventions).
    /// </summary>
    void BatchNormTraining(
        TensorView x, TensorView gamma, TensorView beta, TensorView residual, TensorView y, TensorView mean, TensorView reciprocalDeviation,
        TensorView runningMean, TensorView runningVariance, float epsilon, float momentum, bool relu);

    /// <summary>
    /// As <see cref="BatchNormTraining"/> with the running statistics; mean and reciprocalDeviation [C] receive the statistics used, so
    /// that the backward pass is the same with <c>batchStatistics: false</c>.
    /// </summary>
    void BatchNormInference(
        TensorView x, TensorView gamma, TensorView beta, TensorView residual, TensorView y, TensorView mean, TensorView reciprocalDeviation,
        TensorView runningMean, TensorView runningVariance, float epsilon, bool relu);

    /// <summary>
    /// Gradients of batch normalisation. y is the output (its sign masks dy where <paramref name="relu"/>); dx, dresidual, dgamma and dbeta
    /// may each be absent. <paramref name="accumulateInput"/> and <paramref name="accumulateResidual"/> add into dx and dresidual;
    /// dgamma and dbeta are written. With <paramref name="batchStatistics"/> the gradient flows through mean and variance too.
    /// </summary>
    void BatchNormGradient(
        TensorView dy, TensorView x, TensorView y, TensorView gamma, TensorView mean, TensorView reciprocalDeviation, TensorView dx,
        TensorView dresidual, TensorView dgamma, TensorView dbeta, bool relu, bool batchStatistics, bool accumulateInput, bool accumulateResidual);
}
