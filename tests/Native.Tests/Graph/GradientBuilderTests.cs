using Robustify.Kernels.Backends;
using Robustify.Kernels.Random;
using Robustify.Native.Graph;
using Robustify.Native.Graph.Ops;

namespace Robustify.Native.Tests.Graph;

/// <summary>How gradients find their way: shared where one value has one reader, copied before somebody adds, never filled with zeros.</summary>
public sealed class GradientBuilderTests
{
    [Fact]
    public void AValueUsedTwiceAndThriceCollectsEveryContribution()
    {
        using var check = new GradientCheck(true, ("x", [2, 3]), ("w", [3, 3]), ("v", [3, 3]));
        var x = check.Leaf("x");
        var left = check.Graph.Linear("left", x, check["w"], null, Activation.Gelu);
        var right = check.Graph.Linear("right", x, check["v"], null);
        check.WeighIn(check.Graph.Add("three", check.Graph.Add("two", left, right), x));
        check.Agree();
    }

    [Fact]
    public void AValueAddedToItselfCountsTwice()
    {
        using var check = new GradientCheck(true, ("x", [2, 3]));
        var x = check.Leaf("x");
        check.WeighIn(check.Graph.Add("twice", x, x));
        check.Agree();
    }

    // y = a + b and y + b: the gradient of y is that of b as well, and b adds to it while a still reads it.
    [Fact]
    public void ASharedGradientIsCopiedBeforeItIsAddedTo()
    {
        using var check = new GradientCheck(true, ("a", [2, 3]), ("b", [2, 3]));
        Value a = check.Leaf("a"), b = check.Leaf("b");
        check.WeighIn(check.Graph.Add("second", check.Graph.Add("first", a, b), b));
        check.Agree();
    }

    [Fact]
    public void AResidualStreamThroughSeveralBlocksAgrees()
    {
        using var check = new GradientCheck(true, ("x", [2, 4]), ("w", [4, 4]), ("b", [4]), ("gamma", [4]), ("beta", [4]));
        var x = check.Leaf("x");
        for (int block = 0; block < 3; block++)
        {
            // The same tensors in every block: shared parameters collect the gradients of all three.
            var branch = check.Graph.LayerNorm($"norm{block}", x, check["gamma"], check["beta"], 1e-2f);
            branch = check.Graph.Linear($"linear{block}", branch, check["w"], check["b"], Activation.Gelu);
            x = check.Graph.Add($"add{block}", x, branch);
        }

        check.WeighIn(x);
        check.Agree();
    }

    [Fact]
    public void AFusedResidualStreamAgreesAndDoesWhatTheSeparateOneDoes()
    {
        Dictionary<string, float[]> fused = Gradients(fused: true, out int fusedNodes), separate = Gradients(fused: false, out int separateNodes);
        Assert.Equal(separate, fused);

        // The two sums that a norm follows are part of it, forward; backward neither form has a node for a sum.
        Assert.Equal(separateNodes - 2, fusedNodes);

        static Dictionary<string, float[]> Gradients(bool fused, out int nodes)
        {
            using var check = new GradientCheck(true, ("x", [2, 4]), ("w", [4, 4]), ("b", [4]), ("gamma", [4]), ("beta", [4]));
            var stream = new ResidualStream(check.Graph, check.Leaf("x"));
            for (int block = 0; block < 3; block++)
            {
                if (!fused)
                    stream.Value();
                var branch = stream.Norm($"norm{block}", check["gamma"], check["beta"], 1e-2f);
                stream.Add($"add{block}", check.Graph.Linear($"linear{block}", branch, check["w"], check["b"], Activation.Gelu), leftOut: 0);
            }

            check.WeighIn(stream.Value());
            check.Agree();
            nodes = check.Graph.Nodes.Count;
            return check.Gradients();
        }
    }

    // The stream may be read elsewhere too, before and after the norm, and its gradient then belongs to several.
    [Fact]
    public void ASumThatIsReadManyTimesCollectsEveryContribution()
    {
        using var check = new GradientCheck(true, ("x", [2, 4]), ("y", [2, 4]), ("w", [4, 4]), ("gamma", [4]), ("beta", [4]));
        Value x = check.Leaf("x"), y = check.Leaf("y");
        var (sum, norm) = check.Graph.ResidualLayerNorm("sum", "norm", x, y, check["gamma"], check["beta"], 1e-2f);
        var mixed = check.Graph.Add("mixed", check.Graph.Add("first", sum, x), check.Graph.Linear("linear", norm, check["w"], null));
        check.WeighIn(check.Graph.Add("last", check.Graph.Add("again", mixed, sum), y));
        check.Agree();
    }

    [Fact]
    public void AFrozenStreamTakesNoBackwardNode()
    {
        using var check = new GradientCheck(true, ("frozen x", [2, 4]), ("frozen y", [2, 4]), ("frozen gamma", [4]), ("frozen beta", [4]), ("w", [4, 4]));
        var (sum, norm) = check.Graph.ResidualLayerNorm(
            "sum", "norm", check.Leaf("frozen x"), check.Leaf("frozen y"), check["frozen gamma"], check["frozen beta"], 1e-2f);
        Assert.False(sum.RequiresGradient || norm.RequiresGradient);
        check.WeighIn(check.Graph.Linear("y", check.Graph.Add("both", sum, norm), check["w"], null));
        int forward = check.Graph.Nodes.Count;
        check.Plan();
        Assert.Equal(2, check.Graph.Nodes.Count - forward);
        check.Agree();
    }

    [Fact]
    public void AResidualSumTakesNoBackwardNode()
    {
        using var check = new GradientCheck(true, ("a", [2, 3]), ("b", [2, 3]));
        check.WeighIn(check.Graph.Add("sum", check.Leaf("a"), check.Leaf("b")));
        int forward = check.Graph.Nodes.Count;
        check.Plan();

        // The weighing and the two leaves; the sum hands its gradient on as it is.
        Assert.Equal(3, check.Graph.Nodes.Count - forward);
    }

    [Fact]
    public void AnUnusedResultAddsNothingBackward()
    {
        using var check = new GradientCheck(true, ("x", [2, 3]), ("w", [3, 3]));
        var x = check.Leaf("x");
        check.Graph.Linear("unused", check.Graph.Activation("constant", x.Shape, false), check["w"], null);
        check.WeighIn(x);
        int forward = check.Graph.Nodes.Count;
        check.Plan();
        Assert.Equal(2, check.Graph.Nodes.Count - forward);
    }

    [Fact]
    public void FrozenParametersHaveNoGradientAndFrozenInputsNoBackwardNodes()
    {
        using var check = new GradientCheck(true, ("frozen x", [2, 3]), ("frozen w", [3, 3]), ("w", [3, 3]));
        var hidden = check.Graph.Linear("hidden", check.Leaf("frozen x"), check["frozen w"], null, Activation.Gelu);
        Assert.False(hidden.RequiresGradient);
        check.WeighIn(check.Graph.Linear("y", hidden, check["w"], null));
        int forward = check.Graph.Nodes.Count;
        check.Plan();
        Assert.Equal(2, check.Graph.Nodes.Count - forward);
        Assert.Null(check["frozen w"].Gradient);
        check.Agree();
    }

    // A frozen layer between trained ones passes the gradient on without having one.
    [Fact]
    public void AFrozenLayerBetweenTrainedOnesIsTransparent()
    {
        using var check = new GradientCheck(
            true, ("x", [2, 3]), ("frozen w", [4, 3]), ("frozen gamma", [4]), ("frozen beta", [4]), ("w", [2, 4]));
        var y = check.Graph.Linear("frozen linear", check.Leaf("x"), check["frozen w"], null, Activation.QuickGelu);
        y = check.Graph.LayerNorm("frozen norm", y, check["frozen gamma"], check["frozen beta"], 1e-2f);
        check.WeighIn(check.Graph.Linear("y", y, check["w"], null));
        check.Agree();
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(6)]
    [InlineData(7)]
    [InlineData(8)]
    [InlineData(9)]
    [InlineData(10)]
    [InlineData(11)]
    [InlineData(12)]
    public void RandomGraphsThatReuseValuesAgree(uint seed)
    {
        using var check = new GradientCheck(
            true, ("a", [2, 3]), ("b", [2, 3]), ("frozen c", [2, 3]), ("w", [3, 3]), ("frozen v", [3, 3]), ("gamma", [3]), ("beta", [3]));
        var graph = check.Graph;
        var random = new PhiloxStream(seed, RandomPurpose.Shuffle, 0, 0);
        List<Value> values = [check.Leaf("a"), check.Leaf("b"), check.Leaf("frozen c")];

        // Every parameter is used at least once, as an unused one has no gradient to compare.
        values.Add(graph.Linear("first", values[0], check["w"], null));
        values.Add(graph.LayerNorm("first norm", values[1], check["gamma"], check["beta"], 0.5f));
        for (int i = 0; i < 8; i++)
        {
            var x = values[random.NextInteger(0, values.Count)];
            values.Add(random.NextInteger(0, 6) switch
            {
                0 => graph.Linear($"linear{i}", x, check["w"], null, Activation.Gelu),
                1 => graph.Linear($"frozen{i}", x, check["frozen v"], null),
                2 => graph.LayerNorm($"norm{i}", x, check["gamma"], check["beta"], 0.5f),
                3 => graph.Dropout($"dropout{i}", x, 0.3f),
                _ => graph.Add($"add{i}", x, values[random.NextInteger(0, values.Count)]),
            });
        }

        // All of them count in the end, so none is a dead branch; the norm keeps the loss away from saturation.
        var sum = values[0];
        for (int i = 1; i < values.Count; i++)
            sum = graph.Add($"sum{i}", sum, values[i]);
        check.WeighIn(graph.LayerNorm("last", sum, check["gamma"], check["beta"], 0.5f));
        check.Agree();
    }

    [Fact]
    public void TwoRunsGiveTheSameBits()
    {
        using var check = new GradientCheck(true, ("x", [6, 3]), ("w", [3, 3]));
        var x = check.Leaf("x");
        check.WeighIn(check.Graph.Add("y", check.Graph.Dropout("dropped", check.Graph.Linear("l", x, check["w"], null), 0.5f), x));
        check.Plan();
        var first = check.Gradients();
        Assert.Equal(first, check.Gradients());
    }
}
