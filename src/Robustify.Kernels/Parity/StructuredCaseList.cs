using Robustify.Kernels.Backends;
using Robustify.Kernels.Parity.Cases;
using Robustify.Kernels.Tensors;

namespace Robustify.Kernels.Parity;

/// <summary>
/// The cases of linear layers, attention, convolution, pooling, tokens and embeddings: one row, one token, sizes just below and above a tile, every compiled
/// head width and some between, odd channels, strides that do not divide, operands that are not aligned, absent ones, accumulation.
/// </summary>
internal static class StructuredCaseList
{
    /// <summary>All of them.</summary>
    public static IEnumerable<OperationCase> All() => Linear().Concat(Attention()).Concat(Convolution()).Concat(Pooling()).Concat(Tokens()).Concat(Embedding());

    private static IEnumerable<OperationCase> Linear()
    {
        foreach (var (rows, inputs, outputs) in ((int, int, int)[])[(1, 1, 1), (1, 64, 10), (17, 5, 3), (50, 64, 192), (100, 33, 17)])
        {
            yield return new LinearCase(rows, inputs, outputs, Activation.None, LinearOptions.None);
            yield return new LinearCase(rows, inputs, outputs, Activation.None, LinearOptions.Bias);
            yield return new LinearCase(rows, inputs, outputs, Activation.Gelu, LinearOptions.Bias | LinearOptions.Keep);
            yield return new LinearCase(rows, inputs, outputs, Activation.QuickGelu, LinearOptions.Bias);
            yield return new LinearCase(rows, inputs, outputs, Activation.None, LinearOptions.Bias | LinearOptions.Logits);
            yield return new LinearInputGradientCase(rows, inputs, outputs, LinearOptions.None);
            yield return new LinearInputGradientCase(rows, inputs, outputs, LinearOptions.Logits | LinearOptions.Accumulate);
            yield return new LinearWeightGradientCase(rows, inputs, outputs, LinearOptions.Accumulate);
            yield return new LinearWeightGradientCase(rows, inputs, outputs, LinearOptions.Logits);
        }

        yield return new LinearCase(9, 16, 24, Activation.QuickGelu, LinearOptions.Keep);
    }

    private static IEnumerable<OperationCase> Attention()
    {
        AttentionSize[] sizes =
        [
            new(1, 1, 1, 64), new(3, 1, 2, 8), new(2, 17, 3, 32), new(1, 50, 2, 64), new(1, 64, 1, 32), new(1, 65, 1, 80), new(1, 50, 1, 96),
            new(1, 33, 1, 128), new(1, 50, 2, 24), new(1, 17, 1, 120), new(2, 17, 2, 5), new(1, 40, 1, 1), new(1, 9, 1, 136), new(1, 197, 1, 64),
            new(1, 145, 1, 88), new(2, 33, 1, 16, Spread: 12), new(1, 20, 1, 32, Shift: 1), new(1, 1, 1, 8, Causal: true), new(2, 16, 2, 16, Causal: true),
            new(1, 77, 2, 64, Causal: true), new(1, 150, 1, 80, Causal: true), new(1, 40, 1, 5, Causal: true), new(1, 9, 1, 136, Causal: true),
        ];
        foreach (var size in sizes)
        {
            yield return new AttentionCase(size);
            yield return new AttentionGradientCase(size);
        }
    }

    private static IEnumerable<OperationCase> Convolution()
    {
        ConvolutionSize[] sizes =
        [
            new(1, 1, 1, 1, 1, new(1, 1, 0)), new(2, 7, 6, 3, 5, new(3, 1, 1)), new(1, 9, 9, 1, 16, new(7, 2, 3)), new(2, 8, 8, 16, 24, new(3, 1, 1)),
            new(1, 15, 14, 64, 64, new(3, 2, 1)), new(2, 8, 7, 17, 17, new(1, 2, 0)), new(1, 9, 9, 8, 72, new(3, 3, 0)), new(1, 8, 8, 8, 8, new(2, 3, 0)),
            new(1, 5, 5, 136, 136, new(3, 1, 1)), new(1, 10, 10, 64, 128, new(1, 2, 0)), new(1, 12, 11, 3, 8, new(5, 1, 2)), new(2, 6, 6, 64, 17, new(1, 1, 0)),
            new(3, 13, 13, 8, 8, new(3, 1, 1)), new(1, 6, 6, 16, 8, new(3, 1, 1), Shift: 1),
        ];
        for (int i = 0; i < sizes.Length; i++)
        {
            yield return new ConvolutionCase(sizes[i]);
            yield return new ConvolutionInputGradientCase(sizes[i], i % 2 == 0);
            yield return new ConvolutionWeightGradientCase(sizes[i], i % 2 != 0);
        }

        yield return new ConvolutionInputGradientCase(sizes[3], true);
        yield return new ConvolutionInputGradientCase(sizes[4], false);
    }

    private static IEnumerable<OperationCase> Pooling()
    {
        (Shape Image, ConvolutionGeometry Geometry)[] windows =
        [
            (new(1, 1, 1, 1), new(1, 1, 0)), (new(2, 7, 9, 3), new(3, 2, 1)), (new(1, 8, 8, 64), new(2, 2, 0)), (new(2, 9, 8, 16), new(3, 1, 1)),
            (new(1, 7, 7, 17), new(2, 3, 1)),
        ];
        foreach (var (image, geometry) in windows)
        {
            yield return new MaxPoolCase(image, geometry);
            yield return new MaxPoolGradientCase(image, geometry, false);
            yield return new MaxPoolGradientCase(image, geometry, true);
        }

        yield return new MaxPoolCase(new(1, 8, 8, 16), new(3, 2, 1), 1);
        yield return new MaxPoolGradientCase(new(1, 8, 8, 16), new(3, 2, 1), true, 1);
        foreach (var (samples, positions, channels, skip) in ((int, int, int, int)[])[(1, 1, 1, 0), (3, 17, 5, 1), (2, 50, 64, 1), (4, 49, 24, 0)])
        {
            yield return new MeanPoolCase(samples, positions, channels, skip);
            yield return new MeanPoolGradientCase(samples, positions, channels, skip, false);
            yield return new MeanPoolGradientCase(samples, positions, channels, skip, true);
        }

        foreach (var (image, window) in ((Shape, int)[])[(new(1, 1, 1, 1), 1), (new(2, 6, 8, 16), 2), (new(1, 7, 5, 3), 2), (new(2, 9, 7, 24), 4)])
        {
            yield return new AveragePoolCase(image, window);
            yield return new AveragePoolGradientCase(image, window, false);
            yield return new AveragePoolGradientCase(image, window, true);
        }

        yield return new AveragePoolCase(new(1, 4, 4, 8), 2, 1);
        foreach (var (samples, positions, channels) in ((int, int, int)[])[(1, 1, 1), (3, 4, 5), (2, 49, 64)])
        {
            yield return new PrependMeanCase(samples, positions, channels);
            yield return new PrependMeanGradientCase(samples, positions, channels, false);
            yield return new PrependMeanGradientCase(samples, positions, channels, true);
        }

        yield return new MeanPoolCase(2, 10, 32, 1, 1);
        yield return new MeanPoolGradientCase(2, 10, 32, 1, true, 1);
    }

    private static IEnumerable<OperationCase> Tokens()
    {
        foreach (var (image, patch) in ((Shape, int)[])[(new(1, 1, 1, 1), 1), (new(2, 8, 12, 3), 4), (new(3, 28, 28, 1), 4), (new(1, 32, 16, 3), 16)])
        {
            yield return new PatchifyCase(image, patch, backward: false);
            yield return new PatchifyCase(image, patch, backward: true);
            yield return new PatchifyCase(image, patch, backward: true, accumulate: true);
        }

        yield return new PatchifyCase(new(1, 8, 8, 8), 4, backward: false, shift: 1);
        foreach (var (samples, tokens, width) in ((int, int, int)[])[(1, 2, 1), (3, 17, 7), (5, 50, 64), (17, 3, 40)])
        {
            yield return new AssembleTokensCase(samples, tokens, width, true);
            yield return new AssembleTokensCase(samples, tokens, width, false);
            yield return new AssembleTokensGradientCase(samples, tokens, width, true, true, true, false);
            yield return new AssembleTokensGradientCase(samples, tokens, width, true, true, true, true);
            yield return new AssembleTokensGradientCase(samples, tokens, width, false, true, false, true);
            yield return new AssembleTokensGradientCase(samples, tokens, width, true, false, false, false);
            yield return new SelectFirstTokenCase(samples, tokens, width, backward: false);
            yield return new SelectFirstTokenCase(samples, tokens, width, backward: true);
            yield return new SelectFirstTokenCase(samples, tokens, width, backward: true, accumulate: true);
        }
    }

    private static IEnumerable<OperationCase> Embedding()
    {
        foreach (var (tableRows, places, width) in ((int, int, int)[])[(1, 1, 1), (7, 20, 5), (64, 48, 32), (3, 130, 8), (90, 70, 40)])
        {
            yield return new SelectRowsCase(tableRows, places, width);
            yield return new SelectRowsGradientCase(tableRows, places, width, accumulate: false, isParameter: false);
            yield return new SelectRowsGradientCase(tableRows, places, width, accumulate: true, isParameter: true);
        }

        foreach (var (rows, width) in ((int, int)[])[(1, 2), (3, 7), (10, 24), (4, 512), (40, 33)])
        {
            yield return new NormalizeRowsCase(rows, width);
            yield return new NormalizeRowsGradientCase(rows, width, false);
            yield return new NormalizeRowsGradientCase(rows, width, true);
            yield return new ScaleByExponentialCase(rows, width);
            yield return new ScaleByExponentialGradientCase(rows, width, hasInput: true, hasExponent: true, accumulate: false);
            yield return new ScaleByExponentialGradientCase(rows, width, hasInput: true, hasExponent: false, accumulate: true);
            yield return new ScaleByExponentialGradientCase(rows, width, hasInput: false, hasExponent: true, accumulate: true);
        }
    }
}
