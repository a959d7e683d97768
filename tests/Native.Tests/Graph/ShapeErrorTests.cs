using Robustify.Kernels;
using Robustify.Kernels.Backends;
using Robustify.Kernels.Tensors;
using Robustify.Native.Graph;
using Robustify.Native.Graph.Ops;

namespace Robustify.Native.Tests.Graph;

/// <summary>
/// Operands that do not fit are refused where the graph is built, in one line with the operation, the layer and every shape in question:
/// a backend trusts what it is given.
/// </summary>
public sealed class ShapeErrorTests : IDisposable
{
    private readonly GraphBuilder graph = new(training: true);
    private readonly List<ParameterStore> stores = [];

    public void Dispose() => stores.ForEach(s => s.Dispose());

    [Fact]
    public void Linear()
    {
        Refused(() => graph.Linear("fc1", X(2, 5), P(4, 6), null), "linear fc1", "[2, 5]", "[4, 6]");
        Refused(() => graph.Linear("fc1", X(2, 6), P(4, 6), P(5)), "linear fc1", "[5]", "[4, 6]");
        Refused(() => graph.Linear("fc1", X(2, 6), P(4, 1, 1, 6), null), "linear fc1", "[2, 6]", "[4, 1, 1, 6]");
    }

    [Fact]
    public void Add() => Refused(() => graph.Add("residual", X(2, 5), X(2, 6)), "add residual", "[2, 5]", "[2, 6]");

    [Fact]
    public void LayerNorm()
    {
        Refused(() => graph.LayerNorm("norm1", X(2, 5), P(6), P(5), 1e-6f), "layer norm norm1", "[2, 5]", "[6]");
        Refused(() => graph.LayerNorm("norm1", X(2, 5), P(5), P(7), 1e-6f), "layer norm norm1", "[2, 5]", "[7]");
    }

    [Theory]
    [InlineData(2)]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(int.MaxValue)]
    public void Attention(int heads) => Refused(() => graph.Attention("attn", X(2, 5, 9), heads), "attention attn", "[2, 5, 9]", $"{heads} heads");

    [Fact]
    public void AttentionOfAMatrix() => Refused(() => graph.Attention("attn", X(5, 9), 1), "attention attn", "[5, 9]");

    [Fact]
    public void Patchify()
    {
        Refused(() => graph.Patchify("patches", X(1, 8, 9, 3), 4), "patchify patches", "[1, 8, 9, 3]", "patch 4");
        Refused(() => graph.Patchify("patches", X(1, 8, 8, 3), 0), "patchify patches", "patch 0");
        Refused(() => graph.Patchify("patches", X(8, 8, 3), 4), "patchify patches", "[8, 8, 3]");
    }

    [Fact]
    public void AssembleTokens()
    {
        Refused(() => graph.AssembleTokens("tokens", X(2, 4, 6), P(6), P(4, 6)), "tokens tokens", "[2, 4, 6]", "[4, 6]", "[5, 6]");
        Refused(() => graph.AssembleTokens("tokens", X(2, 4, 6), P(7), P(5, 6)), "tokens tokens", "[2, 4, 6]", "[7]");
        Refused(() => graph.AssembleTokens("tokens", X(4, 6), null, P(4, 6)), "tokens tokens", "[4, 6]");
    }

    [Fact]
    public void SelectFirstToken() => Refused(() => graph.SelectFirstToken("pooled", X(4, 6)), "first 1 tokens pooled", "[4, 6]");

    [Fact]
    public void Convolution()
    {
        Refused(() => graph.Convolution("conv1", X(1, 8, 8, 3), P(4, 3, 3, 2), 1, 1), "convolution conv1", "[1, 8, 8, 3]", "[4, 3, 3, 2]");
        Refused(() => graph.Convolution("conv1", X(1, 8, 8, 3), P(4, 3, 2, 3), 1, 1), "convolution conv1", "[4, 3, 2, 3]");
        Refused(() => graph.Convolution("conv1", X(1, 2, 8, 3), P(4, 5, 5, 3), 1, 1), "convolution conv1", "[1, 2, 8, 3]", "kernel of 5");
        Refused(() => graph.Convolution("conv1", X(1, 8, 8, 3), P(4, 3, 3, 3), 0, 1), "convolution conv1", "stride 0");
    }

    [Fact]
    public void BatchNorm()
    {
        BatchNormParameters fitting = new(P(3), P(3), P(3), P(3));
        Refused(() => graph.BatchNorm("bn1", X(1, 2, 2, 4), fitting, true), "batch norm bn1", "[1, 2, 2, 4]", "[3]");
        Refused(() => graph.BatchNorm("bn1", X(1, 2, 2, 3), fitting with { RunningVariance = P(5) }, true), "batch norm bn1", "[1, 2, 2, 3]", "[5]");
        Refused(() => graph.BatchNorm("bn1", X(1, 2, 2, 3), fitting, true, X(1, 2, 1, 3)), "batch norm bn1", "[1, 2, 2, 3]", "[1, 2, 1, 3]");
    }

    [Fact]
    public void DepthwiseConvolutionsAndLayerScales()
    {
        Refused(() => graph.DepthwiseConvolution("conv_dw", X(1, 8, 8, 3), P(3, 6, 6, 1), null), "depthwise convolution conv_dw", "[3, 6, 6, 1]");
        Refused(() => graph.DepthwiseConvolution("conv_dw", X(1, 8, 8, 3), P(4, 7, 7, 1), null), "depthwise convolution conv_dw", "[1, 8, 8, 3]", "[4, 7, 7, 1]");
        Refused(() => graph.DepthwiseConvolution("conv_dw", X(1, 8, 8, 3), P(3, 7, 7, 1), P(4)), "depthwise convolution conv_dw", "bias [4]");
        Refused(() => graph.ScaledResidual("residual", X(2, 6), X(2, 5), P(5)), "layer scale residual", "[2, 6]", "[2, 5]");
        Refused(() => graph.ScaledResidual("residual", X(2, 6), X(2, 6), P(5)), "layer scale residual", "scale [5]");
    }

    [Fact]
    public void Pools()
    {
        Refused(() => graph.MaxPool("maxpool", X(1, 2, 8, 3), new ConvolutionGeometry(5, 1, 1)), "max pool maxpool", "[1, 2, 8, 3]", "5");
        Refused(() => graph.MaxPool("maxpool", X(1, 8, 8, 3), new ConvolutionGeometry(2, 0, 0)), "max pool maxpool", "[1, 8, 8, 3]", "0");

        // A window that lies wholly in the padding has no maximum.
        Refused(() => graph.MaxPool("maxpool", X(1, 8, 8, 3), new ConvolutionGeometry(3, 1, 3)), "max pool maxpool", "Padding = 3");
        Refused(() => graph.MaxPool("maxpool", X(8, 8, 3), new ConvolutionGeometry(2, 2, 0)), "max pool maxpool", "[8, 8, 3]");
        Refused(() => graph.MeanPool("pooled", X(2, 4, 6), 4), "mean pool pooled", "[2, 4, 6]", "4");
        Refused(() => graph.MeanPool("pooled", X(2, 6)), "mean pool pooled", "[2, 6]");
    }

    [Fact]
    public void RandomLayers()
    {
        foreach (float probability in (ReadOnlySpan<float>)[-0.1f, 1, float.NaN])
        {
            Refused(() => graph.Dropout("drop", X(2, 6), probability), "dropout drop", $"{probability}");
            Refused(() => graph.StochasticDepth("depth", X(2, 6), X(2, 6), probability), "stochastic depth depth", $"{probability}");
        }

        Refused(() => graph.StochasticDepth("depth", X(2, 6), X(2, 5), 0.5f), "stochastic depth depth", "[2, 6]", "[2, 5]");
        graph.Dropout("drop", X(2, 6), 0.5f);
        Refused(() => graph.Dropout("drop", X(3, 6), 0.5f), "dropout", "3 samples", "2");
    }

    [Fact]
    public void FrozenAnswers()
    {
        Refused(() => graph.FrozenRows("clean", X(4, 6), 3, 2), "rows clean", "[4, 6]", "3..4");
        Refused(() => graph.ConfidenceWeights("weights", X(2, 3, 4), ConfidenceWeighting.Margin), "confidence weights weights", "[2, 3, 4]");
        Refused(() => graph.LessUncertain("confident", X(2, 3), X(2, 4)), "less uncertain confident", "[2, 3]", "[2, 4]");
        Refused(() => graph.MonteCarloHead("mc", X(2, 5), P(4, 6), P(4), 0.1f, 3), "dropout passes mc", "[2, 5]", "[4, 6]");
    }

    private static void Refused(Action build, params ReadOnlySpan<string> named)
    {
        var error = Assert.Throws<RobustifyException>(build);
        Assert.DoesNotContain('\n', error.Message);
        foreach (string part in named)
            Assert.Contains(part, error.Message);
    }

    private Value X(params ReadOnlySpan<int> extents) => graph.Input("x", new Shape(extents));

    private Parameter P(params ReadOnlySpan<int> extents)
    {
        stores.Add(new ParameterStore([new ParameterSpec("p", new Shape(extents), Initializer.Ones)], _ => false));
        return stores[^1]["p"];
    }
}
