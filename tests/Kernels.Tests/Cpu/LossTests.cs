using Robustify.Kernels.Cpu;
using Robustify.Kernels.Tensors;

namespace Robustify.Kernels.Tests.Cpu;

public sealed class LossTests : IDisposable
{
    // Results are rounded to float once (6e-8 relative); central differences are good to about 1e-10.
    private const double Tolerance = 2e-7;

    private readonly OperandMemory memory = new();
    private readonly CpuBackend backend = new(2);

    [Theory]
    [InlineData(0, 5, 7, 0f)]
    [InlineData(2, 3, 7, 0.1f)]
    [InlineData(1, 4, 1000, 0.3f)]
    public void CrossEntropyAndItsGradientFollowTheDefinition(int firstRow, int rows, int classes, float smoothing)
    {
        const float Scale = 1.75f;
        var logits = memory.Normal(1, 2, 5, classes);
        var labels = Enumerable.Range(0, rows).Select(row => (row * 31 + 2) % classes).ToArray();
        TensorView loss = memory.Filled(9, 1), gradient = memory.Filled(9, 5, classes);
        backend.CrossEntropy(logits, memory.Integers(labels), loss, gradient, firstRow, rows, smoothing, Scale, accumulate: false);
        Check(z => Scale * LossReference.CrossEntropy(z, classes, labels, firstRow, smoothing), logits, loss, gradient);
    }

    [Theory]
    [InlineData(0, 5, 1f)]
    [InlineData(2, 2, 2f)]
    [InlineData(1, 4, 10f)]
    public void DistillationAndItsGradientFollowTheDefinition(int firstRow, int rows, float temperature)
    {
        const float Scale = 0.5f;
        TensorView logits = memory.Normal(2, 2, 5, 6), targets = memory.Normal(3, 2, rows, 6), weights = memory.Normal(4, 1, rows);
        TensorView loss = memory.Filled(9, 1), gradient = memory.Filled(9, 5, 6);
        backend.Distillation(logits, targets, weights, loss, gradient, firstRow, rows, temperature, Scale, accumulate: false);
        Check(
            z => Scale * LossReference.Distillation(z, 6, Doubles(targets), Doubles(weights), firstRow, temperature), logits, loss, gradient);
    }

    [Fact]
    public void AbsentDistillationWeightsMeanOne()
    {
        TensorView logits = memory.Normal(2, 2, 3, 6), targets = memory.Normal(3, 2, 3, 6);
        TensorView loss = memory.Filled(0, 2), gradient = memory.Filled(0, 6, 6);
        backend.Distillation(logits, targets, default, View(loss, 0, 1), View(gradient, 0, 3, 6), 0, 3, 2, 1, accumulate: false);
        backend.Distillation(logits, targets, memory.Filled(1, 3), View(loss, 1, 1), View(gradient, 18, 3, 6), 0, 3, 2, 1, accumulate: false);
        Assert.NotEqual(0, loss.Span[0]);
        Assert.Equal(loss.Span[1], loss.Span[0]);
        Assert.True(gradient.Span[..18].SequenceEqual(gradient.Span[18..]));
    }

    [Theory]
    [InlineData(1, 5, 1.0)]
    [InlineData(4, 10, 3.0)]
    public void JensenShannonAndItsGradientFollowTheDefinition(int samples, int classes, double spread)
    {
        const float Scale = 12;
        var logits = memory.Normal(5, spread, 3 * samples, classes);
        TensorView loss = memory.Filled(9, 1), gradient = memory.Filled(9, 3 * samples, classes);
        backend.JensenShannon(logits, loss, gradient, Scale, accumulate: false);
        Check(z => Scale * LossReference.JensenShannon(z, classes), logits, loss, gradient);
    }

    [Fact]
    public void NoGradientPassesThroughAClampedMixture()
    {
        // p = 2.6e-7, 0 and 0: the mixture of the last class is 0.87e-7. Through it the gradient would be half as large.
        var logits = memory.Floats([0, 0.5f, -14.2f, 0, 0.5f, -60, 0.3f, 0.5f, -60], 3, 3);
        TensorView loss = memory.Filled(9, 1), gradient = memory.Filled(9, 3, 3);
        backend.JensenShannon(logits, loss, gradient, 1, accumulate: false);
        double expected = LossReference.Gradient(z => LossReference.JensenShannon(z, 3), Doubles(logits))[2];
        Assert.InRange(Math.Abs(expected), 1e-8, 1e-6);
        Assert.Equal(expected, gradient.Span[2], 1e-3 * Math.Abs(expected)); // differences of a loss near 1e-3 are good to 1e-13
    }

    [Fact]
    public void EqualViewsHaveNoInconsistency()
    {
        var row = memory.Normal(6, 3, 1, 8).Span.ToArray();
        TensorView loss = memory.Filled(9, 1), gradient = memory.Filled(9, 3, 8);
        backend.JensenShannon(memory.Floats([.. row, .. row, .. row], 3, 8), loss, gradient, 1, accumulate: false);
        Assert.Equal(0, loss.Span[0], 1e-15); // rounding of p log p in double
        foreach (float g in gradient.Span)
            Assert.Equal(0, g, 1e-15);
    }

    [Fact]
    public void AccumulatingAddsToLossAndGradientAndLeavesOtherRows()
    {
        TensorView logits = memory.Normal(7, 2, 6, 9), targets = memory.Normal(8, 2, 2, 9), labels = memory.Integers(4, 8);
        TensorView expectedLoss = memory.Filled(0, 1), expected = memory.Filled(0, 6, 9);
        TensorView loss = memory.Filled(100, 1), gradient = memory.Filled(0.5f, 6, 9);
        var operations = new Action<TensorView, TensorView, bool>[]
        {
            (l, g, accumulate) => backend.CrossEntropy(logits, labels, l, g, 3, 2, 0.1f, 1, accumulate),
            (l, g, accumulate) => backend.Distillation(logits, targets, default, l, g, 1, 2, 2, 1, accumulate),
            (l, g, accumulate) => backend.JensenShannon(logits, l, g, 1, accumulate),
        };
        double total = 100;
        var sum = Enumerable.Repeat(0.5, 54).ToArray();
        foreach (var operation in operations)
        {
            operation(expectedLoss, expected, false);
            total += expectedLoss.Span[0];
            for (int i = 0; i < sum.Length; i++)
                sum[i] += expected.Span[i];
            operation(loss, gradient, true);
        }

        Assert.Equal(total, loss.Span[0], 3e-5); // three roundings of a float near 100
        for (int i = 0; i < sum.Length; i++)
            Assert.Equal(sum[i], gradient.Span[i], 3e-7); // three roundings near 1
    }

    [Fact]
    public void RowsOutsideTheRangeGetZeroGradient()
    {
        TensorView loss = memory.Filled(9, 1), gradient = memory.Filled(9, 5, 3);
        backend.CrossEntropy(memory.Normal(9, 1, 5, 3), memory.Integers(0, 2), loss, gradient, 2, 2, 0, 1, accumulate: false);
        Assert.All(gradient.Span[..6].ToArray(), g => Assert.Equal(0, g));
        Assert.All(gradient.Span[6..12].ToArray(), g => Assert.NotEqual(0, g));
        Assert.All(gradient.Span[12..].ToArray(), g => Assert.Equal(0, g));
    }

    [Fact]
    public void HugeLogitsOverflowNothing()
    {
        float[] huge = [3e38f, -3e38f, 0, 1e30f, 1e30f, -1e30f, -3e38f, 3e38f, 3e38f];
        TensorView logits = memory.Floats(huge, 3, 3), loss = memory.Filled(0, 1), gradient = memory.Filled(0, 3, 3);
        backend.CrossEntropy(logits, memory.Integers(0, 1, 2), loss, gradient, 0, 3, 0, 1, accumulate: false);
        Assert.Equal(2 * Math.Log(2) / 3, loss.Span[0], Tolerance);
        backend.JensenShannon(logits, loss, gradient, 1, accumulate: false);
        Assert.True(float.IsFinite(loss.Span[0]));
        Assert.All(gradient.Span.ToArray(), g => Assert.True(float.IsFinite(g)));
    }

    [Fact]
    public void ClassMaskedWithMinusInfinityCostsNothing()
    {
        TensorView loss = memory.Filled(0, 1), gradient = memory.Filled(9, 1, 3);
        backend.CrossEntropy(
            memory.Floats([1, float.NegativeInfinity, 1], 1, 3), memory.Integers(2), loss, gradient, 0, 1, 0, 1, accumulate: false);
        Assert.Equal(Math.Log(2), loss.Span[0], Tolerance);
        Assert.Equal([0.5f, 0, -0.5f], gradient.Span.ToArray());
    }

    [Fact]
    public void NotANumberShowsInTheLoss()
    {
        TensorView logits = memory.Normal(1, 1, 3, 4), loss = memory.Filled(0, 1), gradient = memory.Filled(0, 3, 4);
        logits.Span[5] = float.NaN;
        backend.CrossEntropy(logits, memory.Integers(0, 1, 2), loss, gradient, 0, 3, 0, 1, accumulate: false);
        Assert.True(float.IsNaN(loss.Span[0]));
        backend.Distillation(memory.Normal(1, 1, 3, 4), logits, default, loss, gradient, 0, 3, 1, 1, accumulate: false);
        Assert.True(float.IsNaN(loss.Span[0]));
        backend.JensenShannon(logits, loss, gradient, 1, accumulate: false);
        Assert.True(float.IsNaN(loss.Span[0]));
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(4)]
    [InlineData(int.MinValue)]
    public void LabelOutsideTheClassesIsRefusedWithItsRow(int label)
    {
        TensorView loss = memory.Filled(9, 1), gradient = memory.Filled(9, 5, 4);
        var error = Assert.Throws<RobustifyException>(() => backend.CrossEntropy(
            memory.Normal(1, 1, 5, 4), memory.Integers(0, label, 1), loss, gradient, 2, 3, 0, 1, accumulate: false));
        Assert.Contains($"row 3 has label {label}, 0..3 expected", error.Message);
        Assert.DoesNotContain('\n', error.Message);
        Assert.All(gradient.Span.ToArray(), g => Assert.Equal(9, g));
    }

    public void Dispose()
    {
        backend.Dispose();
        memory.Dispose();
    }

    private static void Check(Func<double[], double> reference, TensorView logits, TensorView loss, TensorView gradient)
    {
        var at = Doubles(logits);
        double expected = reference(at);
        Assert.Equal(expected, loss.Span[0], Tolerance * Math.Max(1, Math.Abs(expected)));
        var differences = at.Length <= 256 ? LossReference.Gradient(reference, at) : [];
        double largest = differences.Length == 0 ? 1 : differences.Max(Math.Abs);
        for (int i = 0; i < differences.Length; i++)
            Assert.Equal(differences[i], gradient.Span[i], Tolerance * Math.Max(0.01, largest));
    }

    private static double[] Doubles(TensorView view) => Array.ConvertAll(view.Span.ToArray(), x => (double)x);

    private static TensorView View(TensorView flat, int first, params ReadOnlySpan<int> shape) =>
        new(flat.Pointer + first * sizeof(float), DType.Float32, new Shape(shape));
}
