using Robustify.Kernels.Backends;
using Robustify.Native.Graph;
using Robustify.Native.Graph.Ops;

namespace Robustify.Native.Tests.Graph;

/// <summary>The gradients of every graph operation with respect to everything it takes, by differences.</summary>
public sealed class OperationGradientTests
{
    [Theory]
    [InlineData(Activation.None)]
    [InlineData(Activation.Gelu)]
    [InlineData(Activation.QuickGelu)]
    public void Linear(Activation activation)
    {
        using var check = new GradientCheck(true, ("x", [2, 3, 5]), ("weight", [4, 5]), ("bias", [4]));
        check.WeighIn(check.Graph.Linear("y", check.Leaf("x"), check["weight"], check["bias"], activation));
        check.Agree();
    }

    [Fact]
    public void LinearWithoutBias()
    {
        using var check = new GradientCheck(true, ("x", [3, 5]), ("weight", [4, 5]));
        check.WeighIn(check.Graph.Linear("y", check.Leaf("x"), check["weight"], null));
        check.Agree();
    }

    [Fact]
    public void Add()
    {
        using var check = new GradientCheck(true, ("a", [2, 3]), ("b", [2, 3]));
        check.WeighIn(check.Graph.Add("y", check.Leaf("a"), check.Leaf("b")));
        check.Agree();
    }

    [Fact]
    public void LayerNorm()
    {
        using var check = new GradientCheck(true, ("x", [2, 3, 6]), ("gamma", [6]), ("beta", [6]));
        check.WeighIn(check.Graph.LayerNorm("y", check.Leaf("x"), check["gamma"], check["beta"], 1e-5f));
        check.Agree();
    }

    [Theory]
    [InlineData(true, true)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    public void ResidualLayerNorm(bool readsSum, bool readsNorm)
    {
        using var check = new GradientCheck(true, ("x", [2, 3, 6]), ("branch", [2, 3, 6]), ("gamma", [6]), ("beta", [6]));
        Value x = check.Leaf("x"), branch = check.Leaf("branch");
        var (sum, y) = check.Graph.ResidualLayerNorm("sum", "y", x, branch, check["gamma"], check["beta"], 1e-5f);
        if (!readsNorm)
            y = check.Graph.LayerNorm("other", sum, check["gamma"], check["beta"], 1e-5f);
        check.WeighIn(readsSum && readsNorm ? check.Graph.Add("both", sum, y) : y);
        check.Agree();
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(5, 2)]
    [InlineData(4, 3)]
    public void Attention(int tokens, int heads)
    {
        using var check = new GradientCheck(true, ("qkv", [2, tokens, 3 * heads * 4]));
        check.WeighIn(check.Graph.Attention("y", check.Leaf("qkv"), heads));
        check.Agree();
    }

    [Fact]
    public void Patchify()
    {
        using var check = new GradientCheck(true, ("x", [2, 4, 6, 3]));
        check.WeighIn(check.Graph.Patchify("y", check.Leaf("x"), 2));
        check.Agree();
    }

    [Fact]
    public void AssembleTokensWithClassToken()
    {
        using var check = new GradientCheck(true, ("patches", [3, 4, 5]), ("class", [5]), ("positions", [5, 5]));
        check.WeighIn(check.Graph.AssembleTokens("y", check.Leaf("patches"), check["class"], check["positions"]));
        check.Agree();
    }

    [Fact]
    public void AssembleTokensWithoutClassToken()
    {
        using var check = new GradientCheck(true, ("patches", [3, 4, 5]), ("positions", [4, 5]));
        check.WeighIn(check.Graph.AssembleTokens("y", check.Leaf("patches"), null, check["positions"]));
        check.Agree();
    }

    // Each of the three destinations is optional in the kernel.
    [Theory]
    [InlineData("frozen patches", "class", "positions")]
    [InlineData("patches", "frozen class", "positions")]
    [InlineData("patches", "class", "frozen positions")]
    public void AssembleTokensWithOneOperandFrozen(string patches, string classToken, string positions)
    {
        using var check = new GradientCheck(true, (patches, [3, 4, 5]), (classToken, [5]), (positions, [5, 5]));
        check.WeighIn(check.Graph.AssembleTokens("y", check.Leaf(patches), check[classToken], check[positions]));
        check.Agree();
    }

    [Fact]
    public void SelectFirstToken()
    {
        using var check = new GradientCheck(true, ("x", [3, 4, 5]));
        check.WeighIn(check.Graph.SelectFirstToken("y", check.Leaf("x")));
        check.Agree();
    }

    [Theory]
    [InlineData(1, 1, 0)]
    [InlineData(3, 1, 1)]
    [InlineData(3, 2, 1)]
    public void Convolution(int kernel, int stride, int padding)
    {
        using var check = new GradientCheck(true, ("x", [2, 5, 4, 3]), ("weight", [2, kernel, kernel, 3]));
        check.WeighIn(check.Graph.Convolution("y", check.Leaf("x"), check["weight"], stride, padding));
        check.Agree();
    }

    [Theory]
    [InlineData(true, true, true)]
    [InlineData(true, true, false)]
    [InlineData(true, false, false)]
    [InlineData(false, true, true)]
    [InlineData(false, false, false)]
    public void BatchNorm(bool training, bool relu, bool hasResidual)
    {
        using var check = new GradientCheck(
            training, ("x", [2, 3, 2, 4]), ("gamma", [4]), ("beta", [4]), ("frozen mean", [4]), ("frozen variance", [4]),
            (hasResidual ? "residual" : "frozen residual", [2, 3, 2, 4]));
        check["frozen variance"].Value.View.Span.Fill(1.7f);
        var gamma = check["gamma"].Value.View.Span;
        foreach (ref float x in gamma)
            x = 0.2f + 0.1f * x;

        // Shift and residual keep every input of the ReLU at least some steps away from its kink, on either side of it.
        check["beta"].Value.View.Span.Fill(relu && !hasResidual ? 4 : 0);
        string residual = hasResidual ? "residual" : "frozen residual";
        for (int i = 0; i < check[residual].Value.Shape.Count; i++)
            check[residual].Value.View.Span[i] = i % 3 == 0 ? -4 : 4;
        var normalization = new BatchNormParameters(check["gamma"], check["beta"], check["frozen mean"], check["frozen variance"]);
        check.WeighIn(check.Graph.BatchNorm("y", check.Leaf("x"), normalization, relu, hasResidual ? check.Leaf("residual") : null));
        check.Agree();
    }

    [Fact]
    public void BatchNormOfFrozenScaleInATrainingGraph()
    {
        using var check = new GradientCheck(
            true, ("x", [2, 3, 2, 4]), ("frozen gamma", [4]), ("frozen beta", [4]), ("frozen mean", [4]), ("frozen variance", [4]));
        check["frozen variance"].Value.View.Span.Fill(1.7f);
        float[] mean = check["frozen mean"].Value.View.Span.ToArray();
        var normalization = new BatchNormParameters(check["frozen gamma"], check["frozen beta"], check["frozen mean"], check["frozen variance"]);
        check.WeighIn(check.Graph.BatchNorm("y", check.Leaf("x"), normalization, relu: false));
        check.Agree();
        Assert.Equal(mean, check["frozen mean"].Value.View.Span.ToArray());
    }

    [Theory]
    [InlineData(3, 2, 1)]
    [InlineData(2, 2, 0)]
    [InlineData(3, 1, 1)]
    public void MaxPool(int kernel, int stride, int padding)
    {
        using var check = new GradientCheck(true, ("x", [2, 5, 6, 2]));

        // All values apart by more than the differences' steps, so that no window changes its winner; 7 is prime to their number.
        var x = check["x"].Value.View.Span;
        for (int i = 0; i < x.Length; i++)
            x[i] = 0.5f * (i * 7 % x.Length);
        check.WeighIn(check.Graph.MaxPool("y", check.Leaf("x"), new ConvolutionGeometry(kernel, stride, padding)));
        check.Agree();
    }

    [Theory]
    [InlineData(0)]
    [InlineData(2)]
    public void MeanPool(int skip)
    {
        using var check = new GradientCheck(true, ("x", [2, 2, 3, 4]));
        check.WeighIn(check.Graph.MeanPool("y", check.Leaf("x"), skip));
        check.Agree();
    }

    [Theory]
    [InlineData(3)]
    [InlineData(7)]
    public void DepthwiseConvolution(int kernel)
    {
        using var check = new GradientCheck(true, ("x", [2, 4, 3, 5]), ("weight", [5, kernel, kernel, 1]), ("bias", [5]));
        check.WeighIn(check.Graph.DepthwiseConvolution("y", check.Leaf("x"), check["weight"], check["bias"]));
        check.Agree();
    }

    [Theory]
    [InlineData(0)]
    [InlineData(0.4f)]
    public void ScaledResidual(float skipProbability)
    {
        using var check = new GradientCheck(true, ("x", [3, 2, 5]), ("branch", [3, 2, 5]), ("scale", [5]));
        check.WeighIn(check.Graph.ScaledResidual("y", check.Leaf("x"), check.Leaf("branch"), check["scale"], skipProbability));
        check.Agree();
    }

    [Fact]
    public void PatchifyGrid()
    {
        using var check = new GradientCheck(true, ("x", [2, 4, 6, 3]));
        check.WeighIn(check.Graph.PatchifyGrid("y", check.Leaf("x"), 2));
        check.Agree();
    }

    [Fact]
    public void Dropout()
    {
        using var check = new GradientCheck(true, ("x", [6, 5]));
        check.WeighIn(check.Graph.Dropout("y", check.Leaf("x"), 0.4f));
        check.Plan().Agree();
        Assert.InRange(check.Gradients()["x"].Count(g => g == 0), 1, 29);
    }

    [Fact]
    public void StochasticDepth()
    {
        using var check = new GradientCheck(true, ("x", [8, 2, 3]), ("branch", [8, 2, 3]));
        check.WeighIn(check.Graph.StochasticDepth("y", check.Leaf("x"), check.Leaf("branch"), 0.5f));
        check.Plan().Agree();

        // Whole samples are left out: 6 elements at a time.
        int[] kept = [.. check.Gradients()["branch"].Chunk(6).Select(sample => sample.Count(g => g != 0)).Distinct().Order()];
        Assert.Equal([0, 6], kept);
    }

    [Fact]
    public void RandomLayersAreAbsentFromAnEvaluationGraph()
    {
        using var check = new GradientCheck(false, ("x", [4, 3]), ("branch", [4, 3]));
        var x = check.Leaf("x");
        Assert.Same(x, check.Graph.Dropout("y", x, 0.4f));
        check.WeighIn(check.Graph.StochasticDepth("z", x, check.Leaf("branch"), 0.5f));
        check.Agree();
        Assert.Null(check.Graph.SampleIds);
    }
}
