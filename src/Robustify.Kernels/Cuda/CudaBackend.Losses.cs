using Robustify.Kernels.Backends;
using Robustify.Kernels.Tensors;

namespace Robustify.Kernels.Cuda;

internal sealed partial class CudaBackend
{
    // A block a row.
    private const int SoftmaxThreads = 128;

    // Arithmetic of one exponential or logarithm in double, counted roughly.
    private const int ExponentialOperations = 30;

    /// <inheritdoc cref="IBackend.CrossEntropy"/>
    public void CrossEntropy(
        TensorView logits, TensorView labels, TensorView loss, TensorView dlogits, int firstRow, int rows,
        float smoothing, float scale, bool accumulate)
    {
        nint rowLosses = Scratch((long)rows * sizeof(double));
        Launch(
            "loss_cross_entropy_f32", RowBlocks(logits.Shape.Rows), LossCost(logits, 2), logits, labels, rowLosses, dlogits, firstRow, rows,
            logits.Shape.Columns, smoothing, scale, accumulate);
        TotalLoss(rowLosses, loss, rows, scale, rows, accumulate);
    }

    /// <inheritdoc cref="IBackend.Distillation"/>
    public void Distillation(
        TensorView logits, TensorView targets, TensorView weights, TensorView loss, TensorView dlogits, int firstRow, int rows,
        float temperature, float scale, bool accumulate)
    {
        nint rowLosses = Scratch((long)rows * sizeof(double));
        Launch(
            "loss_distillation_f32", RowBlocks(logits.Shape.Rows), LossCost(logits, 4), logits, targets, weights, rowLosses, dlogits, firstRow,
            rows, logits.Shape.Columns, temperature, scale, accumulate);
        TotalLoss(rowLosses, loss, rows, scale, rows, accumulate);
    }

    /// <inheritdoc cref="IBackend.JensenShannon"/>
    public void JensenShannon(TensorView logits, TensorView loss, TensorView dlogits, float scale, bool accumulate)
    {
        int samples = logits.Shape.Rows / 3;
        nint sampleLosses = Scratch((long)samples * sizeof(double));
        Launch(
            "loss_jensen_shannon_f32", RowBlocks(samples), LossCost(logits, 7), logits, sampleLosses, dlogits, samples, logits.Shape.Columns,
            scale, accumulate);
        TotalLoss(sampleLosses, loss, samples, scale, 3 * samples, accumulate);
    }

    /// <summary>loss (+)= scale / count times the sum of the rows' losses.</summary>
    private void TotalLoss(nint rowLosses, TensorView loss, int rows, float scale, int count, bool accumulate) => Launch(
        "loss_total_f32", new LaunchGeometry(1, 1, 1, SoftmaxThreads), new((long)rows * sizeof(double), rows), rowLosses, loss, rows, scale, count,
        accumulate);

    private static LaunchGeometry RowBlocks(int rows) => new((uint)rows, 1, 1, SoftmaxThreads);

    private static LaunchCost LossCost(TensorView logits, int exponentials) =>
        new(2 * Bytes(logits), (long)exponentials * ExponentialOperations * logits.Shape.Count);
}
