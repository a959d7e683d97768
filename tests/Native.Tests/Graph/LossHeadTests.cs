using Robustify.Kernels;
using Robustify.Kernels.Tensors;
using Robustify.Native.Graph;

namespace Robustify.Native.Tests.Graph;

/// <summary>The terms of a loss, alone, over ranges of rows, and together.</summary>
public sealed class LossHeadTests
{
    [Fact]
    public void CrossEntropyOfARangeWithSmoothingAndScale()
    {
        using var check = new GradientCheck(true, ("logits", [5, 4]));
        var labels = check.Graph.Input("labels", new Shape(2), DType.Int32);
        check.Graph.Loss("loss", check.Leaf("logits")).CrossEntropy(labels, 2, 2, smoothing: 0.1f, scale: 0.7f);
        check.Plan();
        SetLabels(labels, 3, 1);
        check.Agree();
        Assert.Equal([true, true, false, false, true], check.Gradients()["logits"].Chunk(4).Select(row => row.All(g => g == 0)));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void DistillationOfARange(bool weighted)
    {
        using var check = new GradientCheck(true, ("logits", [5, 4]), ("frozen targets", [3, 4]), ("frozen weights", [3]));
        var weights = check["frozen weights"].Value.View.Span;
        (weights[0], weights[1], weights[2]) = (0.3f, 0, 0.9f);
        check.Graph.Loss("loss", check.Leaf("logits"))
            .Distillation(check.Leaf("frozen targets"), weighted ? check.Leaf("frozen weights") : null, 1, 3, temperature: 2, scale: 0.5f);
        check.Agree();
        int untouched = check.Gradients()["logits"].Chunk(4).Count(row => row.All(g => g == 0));
        Assert.Equal(weighted ? 3 : 2, untouched);
    }

    [Fact]
    public void JensenShannonOverThreeViews()
    {
        using var check = new GradientCheck(true, ("logits", [6, 4]));
        check.Graph.Loss("loss", check.Leaf("logits")).JensenShannon(scale: 3);
        check.Agree();
    }

    [Fact]
    public void TermsOverDifferentRangesAddUp()
    {
        using var check = new GradientCheck(true, ("logits", [6, 4]), ("frozen targets", [4, 4]));
        var labels = check.Graph.Input("labels", new Shape(3), DType.Int32);
        check.Graph.Loss("loss", check.Leaf("logits"))
            .CrossEntropy(labels, 0, 3)
            .Distillation(check.Leaf("frozen targets"), null, 2, 4, temperature: 3, scale: 0.5f)
            .JensenShannon(2);
        check.Plan();
        SetLabels(labels, 3, 0, 2);
        check.Agree();
    }

    [Fact]
    public void TwoLossesOnTheSameLogitsAddUp()
    {
        using var check = new GradientCheck(true, ("logits", [2, 4]), ("frozen targets", [2, 4]));
        var labels = check.Graph.Input("labels", new Shape(2), DType.Int32);
        var logits = check.Leaf("logits");
        check.Graph.Loss("first", logits).CrossEntropy(labels, 0, 2);
        check.Graph.Loss("second", logits).Distillation(check.Leaf("frozen targets"), null, 0, 2, temperature: 2);
        check.Plan();
        SetLabels(labels, 1, 2);
        check.Agree();
    }

    [Theory]
    [InlineData(-1, 2, 2)]
    [InlineData(4, 2, 2)]
    [InlineData(0, 0, 0)]
    [InlineData(0, 3, 2)]
    public void RowsOutsideTheLogitsAreRefusedInOneLine(int firstRow, int rows, int given)
    {
        using var check = new GradientCheck(true, ("logits", [5, 4]));
        var loss = check.Graph.Loss("loss", check.Leaf("logits"));
        var labels = check.Graph.Input("labels", new Shape(Math.Max(1, given)), DType.Int32);
        var targets = check.Graph.Input("targets", new Shape(Math.Max(1, given), 4));
        OneLine("cross-entropy", () => loss.CrossEntropy(labels, firstRow, rows));
        OneLine("distillation", () => loss.Distillation(targets, null, firstRow, rows, temperature: 1));
    }

    [Fact]
    public void TargetsAndWeightsOfOtherShapesAreRefusedInOneLine()
    {
        using var check = new GradientCheck(true, ("logits", [5, 4]));
        var loss = check.Graph.Loss("loss", check.Leaf("logits"));
        OneLine("[2, 3]", () => loss.Distillation(check.Graph.Input("targets", new Shape(2, 3)), null, 0, 2, temperature: 1));
        OneLine("[3]", () => loss.Distillation(
            check.Graph.Input("targets", new Shape(2, 4)), check.Graph.Input("weights", new Shape(3)), 0, 2, temperature: 1));
        OneLine("three views", () => loss.JensenShannon(1));
        OneLine("[2, 3, 4]", () => check.Graph.Loss("deep", check.Graph.Input("x", new Shape(2, 3, 4))));
    }

    private static void OneLine(string named, Action build)
    {
        var error = Assert.Throws<RobustifyException>(build);
        Assert.DoesNotContain('\n', error.Message);
        Assert.Contains(named, error.Message);
    }

    private static unsafe void SetLabels(Value labels, params ReadOnlySpan<int> values) =>
        values.CopyTo(new Span<int>(labels.View.Integers, values.Length));
}
