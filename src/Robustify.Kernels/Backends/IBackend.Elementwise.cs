using Robustify.Kernels.Tensors;

namespace Robustify.Kernels.Backends;

public partial interface IBackend
{
    /// <summary>y = a + b; y may be a or b.</summary>
    void Add(TensorView a, TensorView b, TensorView y);

    /// <summary>y (+)= x.</summary>
    void Copy(TensorView x, TensorView y, bool accumulate);

    /// <summary>
    /// Inverted dropout: an element is kept with probability 1 - p and scaled by 1 / (1 - p). x [samples, ...]; sampleIds [samples] are
    /// the samples' numbers in the data set, so a mask depends on (seed, layer, epoch, sample, element) alone. The mask is drawn again
    /// in the backward pass, which is this same operation on dy.
    /// </summary>
    void Dropout(TensorView x, TensorView sampleIds, TensorView y, in DropoutDraw draw, bool accumulate);

    /// <summary>
    /// Stochastic depth (Huang et al., arXiv 1603.09382): y = x + keep branch / (1 - p), one draw a sample. For the backward pass x is
    /// absent: dbranch = keep dy / (1 - p).
    /// </summary>
    void StochasticDepth(TensorView x, TensorView branch, TensorView sampleIds, TensorView y, in DropoutDraw draw);
}
