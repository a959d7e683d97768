using Robustify.Kernels.Parity.Cases;
using Robustify.Kernels.Tensors;

namespace Robustify.Kernels.Parity;

/// <summary>
/// The cases of depthwise convolution and layer scale: images smaller than the filter, filters of the published side and others, channels that
/// fill no vector, runs that do not divide a row, bands that do not divide an image, several images.
/// </summary>
internal static class DepthwiseCaseList
{
    /// <summary>All of them.</summary>
    public static IEnumerable<OperationCase> All() => Depthwise().Concat(LayerScale());

    private static IEnumerable<OperationCase> Depthwise()
    {
        (Shape Image, int Kernel)[] sizes =
        [
            (new(1, 1, 1, 1), 1), (new(2, 5, 9, 3), 3), (new(1, 3, 3, 8), 7), (new(2, 7, 7, 40), 7), (new(3, 14, 11, 16), 7), (new(1, 8, 6, 33), 5),
            (new(1, 10, 4, 4), 9), (new(1, 40, 60, 8), 7),
        ];
        for (int i = 0; i < sizes.Length; i++)
        {
            var (image, kernel) = sizes[i];
            yield return new DepthwiseConvolutionCase(image, kernel, hasBias: i % 2 == 0);
            yield return new DepthwiseInputGradientCase(image, kernel, accumulate: i % 2 != 0);
            yield return new DepthwiseWeightGradientCase(image, kernel, accumulate: i % 2 == 0);
        }

        yield return new DepthwiseConvolutionCase(new(1, 6, 6, 16), 7, hasBias: true, shift: 1);
        yield return new DepthwiseInputGradientCase(new(2, 5, 6, 16), 7, accumulate: true, shift: 1);
        yield return new DepthwiseWeightGradientCase(new(2, 6, 5, 16), 7, accumulate: false, shift: 1);
    }

    private static IEnumerable<OperationCase> LayerScale()
    {
        foreach (var (rows, columns) in ((int, int)[])[(1, 1), (1, 40), (50, 1), (17, 7), (100, 64)])
        {
            foreach (var kind in Enum.GetValues<LayerScaleResidual>())
                yield return new LayerScaleCase(rows, columns, kind);
            yield return new LayerScaleParameterGradientCase(rows, columns, accumulate: false);
            yield return new LayerScaleParameterGradientCase(rows, columns, accumulate: true);
        }

        yield return new LayerScaleCase(9, 16, LayerScaleResidual.Own, shift: 1);
        yield return new LayerScaleParameterGradientCase(9, 16, accumulate: true, shift: 1);
    }
}
