using Robustify.Kernels.Tensors;

namespace Robustify.Kernels.Backends;

/// <summary>How much a teacher's answer counts in distillation, from its distribution p over K classes.</summary>
public enum ConfidenceWeighting
{
    /// <summary>1 - H(p) / log K.</summary>
    OneMinusEntropy,

    /// <summary>exp(-H(p) / log K).</summary>
    ExponentialEntropy,

    /// <summary>The largest probability less the second largest.</summary>
    Margin,

    /// <summary>1 for every answer.</summary>
    None,
}

public partial interface IBackend
{
    /// <summary>weights [rows] = the weighting of softmax(logits [rows, K]).</summary>
    void ConfidenceWeights(TensorView logits, TensorView weights, ConfidenceWeighting weighting);

    /// <summary>Each row of y [rows, K] is the row of a or of b whose softmax has the lower entropy; a where they are equal.</summary>
    void LessUncertain(TensorView a, TensorView b, TensorView y);

    /// <summary>
    /// The log of the mean over passes of softmax: logits [passes x rows, K], pass by pass, to y [rows, K]. y is a set of logits whose
    /// softmax is the predictive mean of Monte-Carlo dropout (Gal and Ghahramani, arXiv 1506.02142).
    /// </summary>
    void LogMeanSoftmax(TensorView logits, TensorView y);
}
