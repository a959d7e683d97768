using Robustify.Kernels;
using Robustify.Kernels.Backends;
using Robustify.Kernels.Tensors;
using Robustify.Native.Graph;
using Robustify.Native.Graph.Ops;

namespace Robustify.Native.Tests.Graph;

/// <summary>The gradients of what CLIP needs beside a vision transformer's operations, by differences, and what they refuse.</summary>
public sealed class EmbeddingGradientTests
{
    [Theory]
    [InlineData(1, 1)]
    [InlineData(5, 2)]
    public void CausalAttention(int tokens, int heads)
    {
        using var check = new GradientCheck(true, ("qkv", [2, tokens, 3 * heads * 4]));
        check.WeighIn(check.Graph.Attention("y", check.Leaf("qkv"), heads, causal: true));
        check.Agree();
    }

    // Token 3 twice in one text and once in the other; 0 and 4 never.
    [Fact]
    public void Embed()
    {
        using var check = new GradientCheck(true, ("table", [5, 3]));
        check.WeighIn(check.Graph.Embed("y", check["table"], Integers(check.Graph, new Shape(2, 3), 3, 1, 3, 2, 3, 1)));
        check.Agree();
    }

    [Fact]
    public void SelectTokens()
    {
        using var check = new GradientCheck(true, ("x", [2, 4, 3]));
        check.WeighIn(check.Graph.SelectTokens("y", check.Leaf("x"), Integers(check.Graph, new Shape(2), 2, 4)));
        check.Agree();
    }

    [Fact]
    public void NormalizeRows()
    {
        using var check = new GradientCheck(true, ("x", [3, 4]));
        check.WeighIn(check.Graph.NormalizeRows("y", check.Leaf("x")));
        check.Agree();
    }

    [Theory]
    [InlineData("x", "exponent")]
    [InlineData("frozen x", "exponent")]
    [InlineData("x", "frozen exponent")]
    public void ScaleByExponential(string x, string exponent)
    {
        using var check = new GradientCheck(true, (x, [3, 4]), (exponent, [1]));
        check.WeighIn(check.Graph.ScaleByExponential("y", check.Leaf(x), check[exponent]));
        check.Agree();
    }

    [Fact]
    public void ProductOfTwoActivations()
    {
        using var check = new GradientCheck(true, ("a", [3, 4]), ("b", [2, 4]));
        check.WeighIn(check.Graph.Product("y", check.Leaf("a"), check.Leaf("b")));
        check.Agree();
    }

    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    public void AveragePoolWithWhatIsLeftOver(int window)
    {
        using var check = new GradientCheck(true, ("x", [2, 5, 7, 3]));
        check.WeighIn(check.Graph.AveragePool("y", check.Leaf("x"), window));
        check.Agree();
    }

    [Fact]
    public void PrependMean()
    {
        using var check = new GradientCheck(true, ("x", [2, 2, 3, 4]));
        check.WeighIn(check.Graph.PrependMean("y", check.Leaf("x")));
        check.Agree();
    }

    [Fact]
    public void AnIdOutsideTheTableGivesNaNAndReadsNothing()
    {
        using var store = new ParameterStore([new ParameterSpec("table", new Shape(2, 3), Initializer.Ones)], _ => true);
        store.Initialize(0);
        var graph = new GraphBuilder(training: true);
        var y = graph.Keep(graph.Embed("y", store["table"], Integers(graph, new Shape(1, 3), 1, 2, -1)));
        using var plan = new Robustify.Native.Planning.Plan(graph).Allocate();
        using var backend = new Robustify.Kernels.Cpu.CpuBackend(1);
        plan.Run(backend);
        Assert.All(y.View.Span[..3].ToArray(), v => Assert.Equal(1, v));
        Assert.All(y.View.Span[3..].ToArray(), v => Assert.True(float.IsNaN(v)));
    }

    [Fact]
    public void OperandsThatDoNotFitAreRefusedByName()
    {
        var graph = new GraphBuilder(training: true);
        using var store = new ParameterStore([new ParameterSpec("p", new Shape(4, 3), Initializer.Ones)], _ => false);
        Value X(params ReadOnlySpan<int> extents) => graph.Input("x", new Shape(extents));
        Refused(() => graph.Embed("token_embed", store["p"], X(2, 3)), "embedding token_embed", "[2, 3]", "Float32");
        Refused(() => graph.SelectTokens("end", X(2, 3, 4), graph.Input("rows", new Shape(3), DType.Int32)), "select tokens end", "[3]");
        Refused(() => graph.NormalizeRows("unit", X(2, 3, 4)), "normalize unit", "[2, 3, 4]");
        Refused(() => graph.ScaleByExponential("scaled", X(2, 3), store["p"]), "scale scaled", "[4, 3]");
        Refused(() => graph.Product("logits", X(2, 3), X(2, 4)), "product logits", "[2, 4]");
        Refused(() => graph.AveragePool("pool", X(2, 3, 4, 5), 4), "average pool pool", "[2, 3, 4, 5]");
        Refused(() => graph.PrependMean("mean", X(2, 3)), "prepend mean mean", "[2, 3]");
    }

    private static void Refused(Action build, params ReadOnlySpan<string> named)
    {
        var error = Assert.Throws<RobustifyException>(build);
        foreach (string part in named)
            Assert.Contains(part, error.Message);
    }

    private static Value Integers(GraphBuilder graph, Shape shape, params int[] values)
    {
        var y = graph.Activation("integers", shape, false, DType.Int32);
        graph.Add(new IntegersNode(y, values));
        return y;
    }

    private sealed class IntegersNode(Value y, int[] values) : Node
    {
        public override IEnumerable<Value> Inputs => [];

        public override IEnumerable<Value> Outputs => [y];

        public override void Execute(IBackend backend) => backend.Upload<int>(values, y.View);
    }
}
