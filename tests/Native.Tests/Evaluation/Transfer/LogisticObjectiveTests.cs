using Robustify.Kernels.Cpu;
using Robustify.Kernels.Random;
using Robustify.Native.Evaluation.Transfer;

namespace Robustify.Native.Tests.Evaluation.Transfer;

public sealed class LogisticObjectiveTests
{
    // Odd in every extent: part of a tile of rows, part of a vector of features. 203 rows are three chunks.
    private const int Rows = 203, Width = 13, Classes = 3;

    // Sums of some hundred numbers of order 1 in double.
    private const double Rounding = 1e-12;

    [Theory]
    [InlineData(0)]
    [InlineData(0.3)]
    public void ValueAndGradientAreThoseOfPlainLoops(double penalty)
    {
        using var features = new RandomFeatures(Rows, 1, Width, Classes);
        using var threads = new CpuThreads(2);
        int[] rows = [.. features.AllTrain.Where(r => r % 5 != 1)];
        using var objective = new LogisticObjective(features.Data.Train, features.Data.TrainLabels, rows, Classes, FeatureScaling.Of(features.Data.Train), threads)
        {
            Penalty = penalty,
        };
        var reference = new LogisticReference(features.Data, rows, penalty);
        double[] point = Point(objective.Length), gradient = new double[point.Length];
        Assert.Equal(reference.Value(point), objective.Evaluate(point, gradient), Rounding);
        double[] expected = reference.Gradient(point);
        for (int i = 0; i < expected.Length; i++)
            Assert.Equal(expected[i], gradient[i], Rounding);
    }

    [Fact]
    public void GradientIsTheSlopeOfTheValue()
    {
        using var features = new RandomFeatures(Rows, 1, Width, Classes);
        using var threads = new CpuThreads(1);
        using var objective = Objective(features, threads);
        double[] point = Point(objective.Length), gradient = new double[point.Length], unused = new double[point.Length];
        objective.Evaluate(point, gradient);
        const double h = 1e-6;
        for (int i = 0; i < point.Length; i++)
        {
            double kept = point[i];
            point[i] = kept + h;
            double above = objective.Evaluate(point, unused);
            point[i] = kept - h;
            double below = objective.Evaluate(point, unused);
            point[i] = kept;
            // Central differences: h² of the third derivative, and 1e-16 / h of rounding.
            Assert.Equal((above - below) / (2 * h), gradient[i], 1e-8);
        }
    }

    [Fact]
    public void BitsDoNotDependOnTheNumberOfWorkers()
    {
        using var features = new RandomFeatures(Rows, 1, Width, Classes);
        double[][] found = [.. new[] { 1, 2, 3 }.Select(workers =>
        {
            using var threads = new CpuThreads(workers);
            using var objective = Objective(features, threads);
            double[] gradient = new double[objective.Length];
            double value = objective.Evaluate(Point(objective.Length), gradient);
            return (double[])[value, .. gradient];
        })];
        Assert.Equal(found[0], found[1]);
        Assert.Equal(found[0], found[2]);
    }

    // exp(1000) is beyond double.
    [Fact]
    public void HugeWeightsGiveAFiniteLoss()
    {
        using var features = new RandomFeatures(40, 1, 4, 2);
        using var threads = new CpuThreads(1);
        using var objective = new LogisticObjective(features.Data.Train, features.Data.TrainLabels, features.AllTrain, 2, FeatureScaling.Of(features.Data.Train), threads);
        double[] point = [1e5, 0, 0, 0, 1e6, -1e5, 0, 0, 0, -1e6], gradient = new double[10];
        Assert.True(double.IsFinite(objective.Evaluate(point, gradient)));
        Assert.All(gradient, g => Assert.True(double.IsFinite(g)));
    }

    private static LogisticObjective Objective(RandomFeatures features, CpuThreads threads) => new(
        features.Data.Train, features.Data.TrainLabels, features.AllTrain, Classes, FeatureScaling.Of(features.Data.Train), threads) { Penalty = 0.1 };

    private static double[] Point(int length)
    {
        var random = new PhiloxStream(3, RandomPurpose.Initialization, 0, 0);
        return [.. Enumerable.Range(0, length).Select(_ => 0.5 * random.NextNormal())];
    }
}
