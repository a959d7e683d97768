using Robustify.Kernels.Backends;
using Robustify.Kernels.Tensors;

namespace Robustify.Kernels.Cuda;

internal sealed partial class CudaBackend
{
    /// <inheritdoc cref="IBackend.ConfidenceWeights"/>
    public void ConfidenceWeights(TensorView logits, TensorView weights, ConfidenceWeighting weighting) => Launch(
        "uncertainty_weights_f32", RowBlocks(logits.Shape.Rows), LossCost(logits, 2), logits, weights, logits.Shape.Columns, (int)weighting);

    /// <inheritdoc cref="IBackend.LessUncertain"/>
    public void LessUncertain(TensorView a, TensorView b, TensorView y) => Launch(
        "uncertainty_less_f32", RowBlocks(a.Shape.Rows), LossCost(a, 4), a, b, y, a.Shape.Columns);

    /// <inheritdoc cref="IBackend.LogMeanSoftmax"/>
    public void LogMeanSoftmax(TensorView logits, TensorView y)
    {
        int rows = y.Shape.Rows, passes = logits.Shape.Rows / rows;
        Launch("uncertainty_log_mean_f32", RowBlocks(rows), LossCost(logits, 2), logits, y, rows, y.Shape.Columns, passes);
    }
}
