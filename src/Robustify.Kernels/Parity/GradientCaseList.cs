using Robustify.Kernels.Backends;
using Robustify.Kernels.Parity.Cases;
using Robustify.Kernels.Tensors;

namespace Robustify.Kernels.Parity;

/// <summary>
/// Differences against every backward operation, at shapes small enough that each element can be moved by itself. Sizes, alignments and
/// absent operands are the parity cases' business.
/// </summary>
internal static class GradientCaseList
{
    /// <summary>All of them.</summary>
    public static IEnumerable<OperationCase> All() =>
        Linear().Concat(Norms()).Concat(Attention()).Concat(Convolution()).Concat(Depthwise()).Concat(Pooling()).Concat(Tokens()).Concat(Losses()).Concat(Random());

    private static IEnumerable<OperationCase> Linear()
    {
        var linear = new LinearCase(5, 4, 3, Activation.None, LinearOptions.Bias);
        yield return new GradientCase(linear, new LinearInputGradientCase(5, 4, 3, LinearOptions.None));
        yield return new GradientCase(
            new LinearCase(5, 4, 3, Activation.None, LinearOptions.None), new LinearInputGradientCase(5, 4, 3, LinearOptions.Accumulate));
        yield return new GradientCase(linear, new LinearWeightGradientCase(5, 4, 3, LinearOptions.None));
        yield return new GradientCase(linear, new BiasGradientCase(5, 3, accumulate: false));

        foreach (var activation in (Activation[])[Activation.Gelu, Activation.QuickGelu])
        {
            var names = new Dictionary<string, string> { ["dx"] = "dpreActivation" };
            yield return new GradientCase(new ActivationFunction(33, activation), new ActivationGradientCase(33, activation, inPlace: false)) { Names = names };
        }
    }

    private static IEnumerable<OperationCase> Norms()
    {
        yield return new GradientCase(new LayerNormCase(3, 9), new LayerNormInputGradientCase(3, 9, accumulate: false));
        yield return new GradientCase(new LayerNormCase(3, 16), new LayerNormInputGradientCase(3, 16, accumulate: true));
        yield return new GradientCase(new LayerNormCase(6, 8), new LayerNormParameterGradientCase(6, 8, accumulate: false));
        var residual = new LayerNormCase(3, 8, residual: true);
        yield return new GradientCase(residual, new LayerNormInputGradientCase(3, 8, accumulate: false, residual: true)) { Coarse = ["x", "branch"] };
        yield return new GradientCase(residual, new LayerNormParameterGradientCase(3, 8, accumulate: false))
        {
            Names = new Dictionary<string, string> { ["x"] = "sum" },
            Coarse = ["x", "branch"],
        };

        const BatchNormGradientOptions all = BatchNormGradientOptions.Relu | BatchNormGradientOptions.Residual | BatchNormGradientOptions.Parameters;
        yield return new GradientCase(
            new BatchNormCase(9, 4, training: true, residual: false, relu: false),
            new BatchNormGradientCase(9, 4, BatchNormGradientOptions.BatchStatistics | BatchNormGradientOptions.Parameters));
        yield return new GradientCase(
            new BatchNormCase(9, 4, training: true, residual: true, relu: true),
            new BatchNormGradientCase(9, 4, BatchNormGradientOptions.BatchStatistics | all));
        yield return new GradientCase(
            new BatchNormCase(9, 4, training: false, residual: true, relu: true), new BatchNormGradientCase(9, 4, all));
    }

    private static IEnumerable<OperationCase> Attention()
    {
        foreach (var size in (AttentionSize[])[new(1, 1, 1, 8), new(2, 5, 2, 4), new(1, 7, 1, 32), new(1, 3, 1, 64), new(1, 3, 1, 80), new(1, 2, 1, 96), new(1, 2, 1, 128)])
        {
            yield return new GradientCase(new AttentionCase(size), new AttentionGradientCase(size));
            yield return new GradientCase(new AttentionCase(size with { Causal = true }), new AttentionGradientCase(size with { Causal = true }));
        }
    }

    private static IEnumerable<OperationCase> Convolution()
    {
        ConvolutionSize[] sizes = [new(2, 4, 5, 3, 2, new(3, 1, 1)), new(1, 5, 5, 2, 3, new(3, 2, 1)), new(1, 4, 4, 8, 8, new(1, 2, 0))];
        foreach (var size in sizes)
        {
            yield return new GradientCase(new ConvolutionCase(size), new ConvolutionInputGradientCase(size, accumulate: false));
            yield return new GradientCase(new ConvolutionCase(size), new ConvolutionWeightGradientCase(size, accumulate: false));
        }
    }

    private static IEnumerable<OperationCase> Depthwise()
    {
        foreach (var (image, kernel) in ((Shape, int)[])[(new(2, 4, 5, 3), 3), (new(1, 3, 6, 8), 7)])
        {
            var forward = new DepthwiseConvolutionCase(image, kernel, hasBias: false);
            yield return new GradientCase(forward, new DepthwiseInputGradientCase(image, kernel, accumulate: false));
            yield return new GradientCase(forward, new DepthwiseWeightGradientCase(image, kernel, accumulate: false));
        }

        yield return new GradientCase(
            new LayerScaleCase(6, 8, LayerScaleResidual.Own), new LayerScaleParameterGradientCase(6, 8, accumulate: false));
    }

    private static IEnumerable<OperationCase> Pooling()
    {
        Shape image = new(2, 6, 5, 3);
        var geometry = new ConvolutionGeometry(3, 2, 1);
        yield return new GradientCase(new MaxPoolCase(image, geometry), new MaxPoolGradientCase(image, geometry, accumulate: false)) { Distinct = "x" };
        yield return new GradientCase(new MeanPoolCase(2, 5, 3, 1), new MeanPoolGradientCase(2, 5, 3, 1, accumulate: false));
        yield return new GradientCase(new AveragePoolCase(image, 2), new AveragePoolGradientCase(image, 2, accumulate: false));
        yield return new GradientCase(new PrependMeanCase(2, 5, 3), new PrependMeanGradientCase(2, 5, 3, accumulate: false));
    }

    private static IEnumerable<OperationCase> Tokens()
    {
        Shape image = new(2, 4, 6, 3);
        yield return new GradientCase(new PatchifyCase(image, 2, backward: false), new PatchifyCase(image, 2, backward: true));
        yield return new GradientCase(
            new AssembleTokensCase(3, 4, 5, hasClassToken: true), new AssembleTokensGradientCase(3, 4, 5, true, true, true, accumulate: false));
        yield return new GradientCase(
            new AssembleTokensCase(3, 4, 5, hasClassToken: false), new AssembleTokensGradientCase(3, 4, 5, false, true, true, accumulate: false));
        yield return new GradientCase(new SelectFirstTokenCase(3, 4, 5, backward: false), new SelectFirstTokenCase(3, 4, 5, backward: true));
        yield return new GradientCase(new SelectRowsCase(5, 4, 3), new SelectRowsGradientCase(5, 4, 3, accumulate: false, isParameter: true));
        yield return new GradientCase(new NormalizeRowsCase(3, 6), new NormalizeRowsGradientCase(3, 6, accumulate: false));
        yield return new GradientCase(
            new ScaleByExponentialCase(3, 4), new ScaleByExponentialGradientCase(3, 4, hasInput: true, hasExponent: true, accumulate: false));
    }

    private static IEnumerable<OperationCase> Losses()
    {
        foreach (float smoothing in (float[])[0, 0.1f])
            yield return Loss(() => new CrossEntropyCase(5, 7, 1, 3, smoothing, accumulate: false));
        yield return Loss(() => new DistillationCase(5, 7, 1, 3, 1, weighted: false, accumulate: false));
        yield return Loss(() => new DistillationCase(5, 7, 1, 3, 3, weighted: true, accumulate: false));
        yield return Loss(() => new JensenShannonCase(2, 6, accumulate: false));
    }

    private static IEnumerable<OperationCase> Random()
    {
        yield return new GradientCase(new DropoutCase(3, 10, 0.4f, accumulate: false), new DropoutCase(3, 10, 0.4f, accumulate: false))
        {
            Names = new Dictionary<string, string> { ["x"] = "dy", ["y"] = "dx" },
        };
        yield return new GradientCase(new StochasticDepthCase(6, 4, 0.5f, forward: true), new StochasticDepthCase(6, 4, 0.5f, forward: false))
        {
            Names = new Dictionary<string, string> { ["branch"] = "dy", ["y"] = "dbranch" },
        };
    }

    /// <summary>A loss computes its value and its gradient in one call.</summary>
    private static GradientCase Loss(Func<OperationCase> make) => new(make(), make());

    /// <summary>y = activation(preActivation): what a linear layer does in the end, which no device is asked to do alone.</summary>
    private sealed class ActivationFunction : OperationCase
    {
        private readonly Operand preActivation, y;
        private readonly Activation activation;

        public ActivationFunction(int count, Activation activation)
            : base("Activation", $"[{count}] {activation}")
        {
            this.activation = activation;
            preActivation = Activations("preActivation", new Shape(count), scale: 6);
            y = Activations("y", new Shape(count), OperandRole.Output);
        }

        public override double Tolerance => Pointwise;

        public override void Run(IBackend backend) => throw new NotSupportedException($"{Name} is a reference alone");

        protected override void Reference()
        {
            for (int i = 0; i < y.Expected.Length; i++)
                y.Expected[i] = LinearCase.Activate(preActivation.Values[i], activation);
        }
    }
}
