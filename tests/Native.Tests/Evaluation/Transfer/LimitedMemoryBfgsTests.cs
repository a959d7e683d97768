using Robustify.Kernels.Cpu;
using Robustify.Native.Evaluation.Transfer;

namespace Robustify.Native.Tests.Evaluation.Transfer;

public sealed class LimitedMemoryBfgsTests
{
    // The minimum of half x·Ax - b·x is where Ax = b: for a diagonal A, b / A.
    [Fact]
    public void QuadraticEndsAtTheSolutionOfItsLinearSystem()
    {
        double[] curvatures = [.. Enumerable.Range(0, 30).Select(i => Math.Pow(10, -1 + i / 14.5))], point = new double[30];
        var outcome = new LimitedMemoryBfgs(1000, 1e-9).Minimize(new Quadratic(curvatures), point);
        Assert.True(outcome.HasConverged);
        for (int i = 0; i < point.Length; i++)
            // A slope of at most 1e-9 over the curvature.
            Assert.Equal(1 / curvatures[i], point[i], 1e-9 / curvatures[i]);
    }

    [Fact]
    public void CurvedValleyIsFollowedToItsEnd()
    {
        double[] point = [-1.2, 1];
        var outcome = new LimitedMemoryBfgs(200, 1e-8).Minimize(new Rosenbrock(), point);
        Assert.True(outcome.HasConverged);
        Assert.Equal(1, point[0], 1e-7);
        Assert.Equal(1, point[1], 1e-7);
        // Newton's method takes about twenty; steepest descent thousands.
        Assert.InRange(outcome.Iterations, 1, 60);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(0.01)]
    [InlineData(1e-4)]
    public void LogisticRegressionEndsWhereNewtonsMethodDoes(double penalty)
    {
        using var features = new RandomFeatures(90, 1, 4, 3);
        using var threads = new CpuThreads(2);
        using var objective = new LogisticObjective(
            features.Data.Train, features.Data.TrainLabels, features.AllTrain, 3, FeatureScaling.Of(features.Data.Train), threads) { Penalty = penalty };
        double[] point = new double[objective.Length];
        var outcome = new LimitedMemoryBfgs(1000, 1e-9).Minimize(objective, point);
        Assert.True(outcome.HasConverged);
        var reference = new LogisticReference(features.Data, features.AllTrain, penalty);
        Assert.InRange(reference.Gradient(point).Max(Math.Abs), 0, 2e-9);
        double[] expected = reference.Newton();
        Assert.InRange(reference.Gradient(expected).Max(Math.Abs), 0, 1e-12);
        // The flattest direction has a curvature of about the penalty.
        for (int i = 0; i < expected.Length; i++)
            Assert.Equal(expected[i], point[i], 1e-8 / penalty);
    }

    [Fact]
    public void FunctionWithoutAMinimumEndsAtTheLimitAndSaysSo()
    {
        double[] point = [0];
        var outcome = new LimitedMemoryBfgs(5, 1e-9).Minimize(new Slope(), point);
        Assert.False(outcome.HasConverged);
        Assert.Equal(5, outcome.Iterations);
    }

    private sealed class Quadratic(double[] curvatures) : IObjective
    {
        public double Evaluate(ReadOnlySpan<double> point, Span<double> gradient)
        {
            double value = 0;
            for (int i = 0; i < point.Length; i++)
            {
                gradient[i] = curvatures[i] * point[i] - 1;
                value += point[i] * (curvatures[i] * point[i] / 2 - 1);
            }

            return value;
        }
    }

    private sealed class Rosenbrock : IObjective
    {
        public double Evaluate(ReadOnlySpan<double> point, Span<double> gradient)
        {
            double a = 1 - point[0], b = point[1] - point[0] * point[0];
            (gradient[0], gradient[1]) = (-2 * a - 400 * point[0] * b, 200 * b);
            return a * a + 100 * b * b;
        }
    }

    // e^-x: always lower further on.
    private sealed class Slope : IObjective
    {
        public double Evaluate(ReadOnlySpan<double> point, Span<double> gradient)
        {
            gradient[0] = -Math.Exp(-point[0]);
            return -gradient[0];
        }
    }
}
