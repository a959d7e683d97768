using Robustify.Kernels.Tensors;

namespace Robustify.Kernels.Backends;

public partial interface IBackend
{
    /// <summary>Cuts x [N, H, W, C] into patches: y [N, (H/P)(W/P), P P C], each patch in (row, column, channel) order.</summary>
    void Patchify(TensorView x, TensorView y, int patch);

    /// <summary>Gradient of <see cref="Patchify"/>.</summary>
    void PatchifyGradient(TensorView dy, TensorView dx, int patch, bool accumulate);

    /// <summary>
    /// Token sequence: y[n, 0] = classToken + positions[0], y[n, 1 + i] = patches[n, i] + positions[1 + i]. Without a class token
    /// (absent) y[n, i] = patches[n, i] + positions[i]. patches [N, M, D], positions [T, D], y [N, T, D].
    /// </summary>
    void AssembleTokens(TensorView patches, TensorView classToken, TensorView positions, TensorView y);

    /// <summary>Gradients of <see cref="AssembleTokens"/>; each destination may be absent.</summary>
    void AssembleTokensGradient(
        TensorView dy, TensorView dpatches, TensorView dclassToken, TensorView dpositions, bool accumulatePatches, bool accumulateParameters);

    /// <summary>The first token of each sequence: x [N, T, D] to y [N, D].</summary>
    void SelectFirstToken(TensorView x, TensorView y);

    /// <summary>Gradient of <see cref="SelectFirstToken"/>: zero for the other tokens.</summary>
    void SelectFirstTokenGradient(TensorView dy, TensorView dx, bool accumulate);

    /// <summary>
    /// Multi-head self-attention softmax(Q Kᵀ / sqrt(d)) V (Vaswani et al., arXiv 1706.03762). qkv [N, T, 3D] holds Q, K, V side by side,
    /// each as heads x headDim; y [N, T, D]. logSumExp [N, heads, T] is what the backward pass keeps: the scores are computed again there.
    /// Where <paramref name="causal"/>, a token attends to itself and those before it alone.
    /// </summary>
    void Attention(TensorView qkv, TensorView y, TensorView logSumExp, int heads, bool causal = false);

    /// <summary>Gradient of <see cref="Attention"/>; dqkv is written.</summary>
    void AttentionGradient(
        TensorView dy, TensorView qkv, TensorView y, TensorView logSumExp, TensorView dqkv, int heads, bool causal = false);

    /// <summary>
    /// The mean of a sequence before it: x [N, M, C] to y [N, M + 1, C] with y[n, 0] = mean over m of x[n, m] and y[n, 1 + m] = x[n, m].
    /// CLIP's attention pool asks with the mean (Radford et al., arXiv 2103.00020).
    /// </summary>
    void PrependMean(TensorView x, TensorView y);

    /// <summary>Gradient of <see cref="PrependMean"/>: dx[n, m] (+)= dy[n, 1 + m] + dy[n, 0] / M.</summary>
    void PrependMeanGradient(TensorView dy, TensorView dx, bool accumulate);
}
