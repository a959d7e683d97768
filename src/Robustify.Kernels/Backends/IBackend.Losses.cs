using Robustify.Kernels.Tensors;

namespace Robustify.Kernels.Backends;

public partial interface IBackend
{
    /// <summary>
    /// Mean cross-entropy over rows [<paramref name="firstRow"/>, firstRow + rows) of logits [N, K] against labels (Int32, one per row of
    /// that range), with label smoothing s: target = (1 - s) onehot + s / K. loss [1] (+)= the mean; dlogits [N, K] (+)= its gradient.
    /// Where not accumulating, rows outside the range get zero.
    /// </summary>
    void CrossEntropy(
        TensorView logits, TensorView labels, TensorView loss, TensorView dlogits, int firstRow, int rows, float smoothing, float scale, bool accumulate);

    /// <summary>
    /// Distillation (Hinton et al., arXiv 1503.02531): scale * mean over rows of weight[r] tau² KL(softmax(target/tau) || softmax(logits/tau)).
    /// targets [rows, K] are logits of the teacher; weights [rows] or absent (1). The range, loss and dlogits as in <see cref="CrossEntropy"/>.
    /// </summary>
    void Distillation(
        TensorView logits, TensorView targets, TensorView weights, TensorView loss, TensorView dlogits, int firstRow, int rows,
        float temperature, float scale, bool accumulate);

    /// <summary>
    /// AugMix consistency (Hendrycks et al., arXiv 1912.02781): logits [3B, K] hold the clean rows, then both mixed views. With p_i their
    /// softmax and M = clamp(mean p_i, 1e-7, 1): scale * mean over samples of (1/3) sum_i KL(p_i || M). Gradients flow through all three and
    /// M. loss [1] and dlogits are added to where <paramref name="accumulate"/>, else written.
    /// </summary>
    void JensenShannon(TensorView logits, TensorView loss, TensorView dlogits, float scale, bool accumulate);
}
