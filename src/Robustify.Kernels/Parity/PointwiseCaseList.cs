using Robustify.Kernels.Backends;
using Robustify.Kernels.Parity.Cases;
using Robustify.Kernels.Tensors;

namespace Robustify.Kernels.Parity;

/// <summary>
/// The cases of elementwise operations, norms, losses, uncertainty, dropout and optimisation: one row, one column, odd sizes, sizes beyond one block and
/// beyond what a warp keeps in registers, operands that are not aligned, absent ones, accumulation.
/// </summary>
internal static class PointwiseCaseList
{
    private static readonly (int Rows, int Columns)[] Matrices =
        [(1, 1), (1, 1000), (1000, 1), (3, 5), (37, 64), (65, 192), (5, 768), (9, 1280), (3, 2049), (130, 33), (2, 4096)];

    private static readonly (int Rows, int Channels)[] Images = [(1, 1), (1, 8), (6, 3), (49, 64), (1200, 16), (300, 40), (77, 257), (33, 512)];

    /// <summary>All of them.</summary>
    public static IEnumerable<OperationCase> All() =>
        Elementwise().Concat(LayerNorm()).Concat(BatchNorm()).Concat(Losses()).Concat(Uncertainty())
        .Concat(Optimization());

    private static IEnumerable<OperationCase> Elementwise()
    {
        foreach (int count in (int[])[1, 7, 8, 255, 4096, 10_001])
        {
            yield return new AddCase(count);
            yield return new CopyCase(count, false);
            yield return new CopyCase(count, true);
            yield return new ActivationGradientCase(count, Activation.Gelu, false);
            yield return new ActivationGradientCase(count, Activation.QuickGelu, true);
        }

        yield return new ActivationGradientCase(33, Activation.None, false);
        yield return new AddCase(1000, 1);
        yield return new CopyCase(1000, true, 3);
        foreach (var (rows, columns) in Matrices)
        {
            yield return new BiasGradientCase(rows, columns, false);
            yield return new DropoutCase(rows, columns, 0.1f, rows % 2 == 0);
            yield return new StochasticDepthCase(rows, columns, 0.5f, columns % 2 == 0);
        }

        yield return new BiasGradientCase(37, 64, true, 1);
        yield return new BiasGradientCase(20_000, 8, true);
        yield return new DropoutCase(3, 1001, 0, false);
        yield return new DropoutCase(3, 1001, 1, true);
        yield return new StochasticDepthCase(40, 20, 0.2f, true);
        yield return new StochasticDepthCase(40, 20, 0.2f, false);
    }

    private static IEnumerable<OperationCase> LayerNorm()
    {
        foreach (var (rows, columns) in Matrices)
        {
            yield return new LayerNormCase(rows, columns);
            yield return new LayerNormInputGradientCase(rows, columns, false);
            yield return new LayerNormCase(rows, columns, residual: true);
            yield return new LayerNormInputGradientCase(rows, columns, rows % 2 != 0, residual: true);
            yield return new LayerNormParameterGradientCase(rows, columns, columns % 2 == 0);
        }

        yield return new LayerNormCase(20, 768, offset: 100);
        yield return new LayerNormCase(5, 64, shift: 1);
        yield return new LayerNormCase(5, 64, residual: true, shift: 1);
        yield return new LayerNormCase(5, 768, residual: true, inPlace: true);
        yield return new LayerNormCase(3, 2049, residual: true, inPlace: true);
        yield return new LayerNormInputGradientCase(5, 64, false, 1, residual: true);
        yield return new LayerNormInputGradientCase(5, 768, true);
        yield return new LayerNormInputGradientCase(5, 64, true, 1);
        yield return new LayerNormParameterGradientCase(70, 64, true, 1);
    }

    private static IEnumerable<OperationCase> BatchNorm()
    {
        foreach (var (rows, channels) in Images)
        {
            yield return new BatchNormCase(rows, channels, training: true, residual: rows % 2 == 0, relu: channels % 2 == 0);
            yield return new BatchNormCase(rows, channels, training: false, residual: rows % 2 != 0, relu: true);
            yield return new BatchNormGradientCase(rows, channels, BatchNormGradientOptions.BatchStatistics | BatchNormGradientOptions.Parameters);
            yield return new BatchNormGradientCase(
                rows, channels,
                BatchNormGradientOptions.BatchStatistics | BatchNormGradientOptions.Relu | BatchNormGradientOptions.Residual
                | BatchNormGradientOptions.Parameters | BatchNormGradientOptions.AccumulateInput);
        }

        yield return new BatchNormCase(500, 24, training: true, residual: true, relu: true);
        yield return new BatchNormCase(500, 24, training: true, residual: false, relu: false, offset: 100);
        yield return new BatchNormCase(50, 16, training: true, residual: true, relu: true, shift: 1);
        yield return new BatchNormGradientCase(60, 16, BatchNormGradientOptions.None);
        yield return new BatchNormGradientCase(60, 16, BatchNormGradientOptions.NoInput | BatchNormGradientOptions.Parameters);
        yield return new BatchNormGradientCase(
            60, 16,
            BatchNormGradientOptions.NoInput | BatchNormGradientOptions.Relu | BatchNormGradientOptions.Residual
            | BatchNormGradientOptions.AccumulateResidual);
        yield return new BatchNormGradientCase(60, 16, BatchNormGradientOptions.BatchStatistics | BatchNormGradientOptions.Relu, 1);
    }

    private static IEnumerable<OperationCase> Losses()
    {
        foreach (int classes in (int[])[1, 2, 10, 127, 1000])
        {
            yield return new CrossEntropyCase(7, classes, 0, 7, 0, false);
            yield return new CrossEntropyCase(9, classes, 3, 4, 0.1f, false);
            yield return new CrossEntropyCase(9, classes, 3, 4, 0.1f, true);
            yield return new DistillationCase(6, classes, 0, 6, 1, false, false);
            yield return new DistillationCase(9, classes, 2, 5, 3, true, false);
            yield return new DistillationCase(9, classes, 2, 5, 3, true, true);
            yield return new JensenShannonCase(5, classes, false);
            yield return new JensenShannonCase(1, classes, true);
        }

        yield return new CrossEntropyCase(200, 3, 0, 200, 0, false);
        yield return new CrossEntropyCase(4, 50, 0, 4, 0, false, spread: 500);
        yield return new DistillationCase(4, 50, 0, 4, 1, false, false, spread: 500);
        yield return new JensenShannonCase(4, 50, false, spread: 60);
    }

    private static IEnumerable<OperationCase> Uncertainty()
    {
        foreach (int classes in (int[])[1, 2, 33, 1000])
        {
            foreach (var weighting in Enum.GetValues<ConfidenceWeighting>())
                yield return new ConfidenceWeightsCase(6, classes, weighting);
            yield return new LessUncertainCase(7, classes);
            yield return new LogMeanSoftmaxCase(4, 3, classes);
        }

        yield return new ConfidenceWeightsCase(6, 10, ConfidenceWeighting.OneMinusEntropy, spread: 300);
        yield return new LogMeanSoftmaxCase(1, 2, 5);
    }

    private static IEnumerable<OperationCase> Optimization()
    {
        foreach (int count in (int[])[1, 255, 4096, 10_001])
        {
            yield return new CastCase(DType.Float32, DType.BFloat16, count, false);
            yield return new CastCase(DType.BFloat16, DType.Float32, count, count % 2 == 0);
            yield return new CastCase(DType.BFloat16, DType.BFloat16, count, true);
            yield return new SumOfSquaresCase(count, count % 2 == 0);
            yield return new ScaleCase(count);
            yield return new SgdStepCase(count, new(0.9f, 0.1f, false, 0.01f), 2);
            yield return new AdamWStepCase(count, 3, squares: 4);
        }

        yield return new CastCase(DType.Float32, DType.BFloat16, 77, true);
        yield return new SumOfSquaresCase(5000, true, shift: 1);
        yield return new SumOfSquaresCase(100, true, double.PositiveInfinity);
        yield return new SumOfSquaresCase(100, false, double.NaN);
        yield return new ClipToNormCase(1001, 25, 1);
        yield return new ClipToNormCase(1001, 0.25, 1);
        yield return new ClipToNormCase(1001, double.NaN, 1);
        yield return new SgdStepCase(99, new(0, 0, false, 0), 5);
        yield return new SgdStepCase(99, new(0.9f, 0, true, 0.01f), 1);
        yield return new SgdStepCase(99, new(0.9f, 0, true, 0.01f), 7, squares: 1);
        yield return new SgdStepCase(99, new(0.9f, 0, true, 0.01f), 7, squares: double.NaN);
        yield return new AdamWStepCase(99, 1, shift: 1);
        yield return new AdamWStepCase(99, 1000);
        yield return new AdamWStepCase(99, 3, squares: double.PositiveInfinity);
    }
}
