using Robustify.Kernels.Cpu;
using Robustify.Native.Evaluation.Transfer;

namespace Robustify.Native.Tests.Evaluation.Transfer;

public sealed class LinearProbeTests
{
    private static readonly double[] Penalties = [1e-4, 1e-2, 1, 100];

    // Few images, many features and much noise: without a penalty the probe learns the noise.
    [Fact]
    public void PenaltyIsTheBestOnHeldOutImagesAndOfEqualOnesTheLargest()
    {
        using var features = new RandomFeatures(150, 400, 60, 3, spread: 4);
        var outcome = Run(features, Penalties, ProbeSolver.Lbfgs);
        Assert.Equal(Penalties.OrderDescending(), outcome.Sweep.Select(s => s.Penalty));
        Assert.Equal(outcome.Sweep.Where(s => s.Top1 == outcome.Sweep.Max(b => b.Top1)).Max(s => s.Penalty), outcome.Penalty);
        Assert.True(outcome.HasConverged);
        Assert.Equal(Run(features, [outcome.Penalty], ProbeSolver.Lbfgs).Answers, outcome.Answers);
        Assert.True(Top1(features, outcome) >= Top1(features, Run(features, [1e-4], ProbeSolver.Lbfgs)));
    }

    [Fact]
    public void DescentOnBatchesEndsNearTheOptimum()
    {
        using var features = new RandomFeatures(600, 600, 16, 4, spread: 2);
        var exact = Run(features, [0.01], ProbeSolver.Lbfgs);
        var found = Run(features, [0.01], ProbeSolver.Sgd);
        // Only images on the border between two classes change sides: a fiftieth of these classes that overlap by far.
        Assert.InRange(exact.Answers.Zip(found.Answers).Count(a => a.First != a.Second), 0, 12);
        Assert.NotEqual(Run(features, [100], ProbeSolver.Sgd).Answers, found.Answers);
    }

    // A hundred epochs would be a hundred steps here, in which the weak columns are not learned: a seventh of the answers fewer.
    [Fact]
    public void DescentOnBatchesComesNearTheOptimumOfManyClassesOfFewImages()
    {
        using var features = new RandomFeatures(200, 400, 32, 40, weakest: 0.03);
        double exact = Top1(features, Run(features, [1e-3], ProbeSolver.Lbfgs)), found = Top1(features, Run(features, [1e-3], ProbeSolver.Sgd));
        Assert.InRange(found, exact - 0.03, 1); // Twelve of 400 images between two classes may change sides.
    }

    [Theory]
    [InlineData(ProbeSolver.Lbfgs)]
    [InlineData(ProbeSolver.Sgd)]
    public void AnswersDoNotDependOnTheNumberOfWorkers(ProbeSolver solver)
    {
        using var features = new RandomFeatures(300, 200, 20, 3, spread: 3);
        var (one, three) = (Run(features, Penalties, solver, workers: 1), Run(features, Penalties, solver, workers: 3));
        Assert.Equal(one.Sweep, three.Sweep);
        Assert.Equal(one.Answers, three.Answers);
        Assert.Equal(one.LargestSlope, three.LargestSlope);
    }

    // A class that no training image has is a set's own affair; features that are all the same leave only the biases.
    [Fact]
    public void FeaturesWithoutAnyVarianceAnswerTheMostFrequentClass()
    {
        using var table = new FeatureTable(10, 3, 1);
        var data = new LabeledFeatures(table.Kind(0), [0, 2, 2, 2, 1, 2, 0, 2, 2, 1], table.Kind(0), new int[10], 4);
        using var threads = new CpuThreads(1);
        var outcome = LinearProbe.Run(data, [0, 1, 2, 3, 4, 5], [6, 7, 8, 9], [0.1], ProbeSolver.Lbfgs, 0, threads, () => { });
        Assert.All(outcome.Answers, answer => Assert.Equal(2, answer));
    }

    private static LinearProbe.Outcome Run(RandomFeatures features, double[] penalties, ProbeSolver solver, int workers = 2)
    {
        using var threads = new CpuThreads(workers);
        int[] held = [.. features.AllTrain.Where(r => r % 5 == 0)];
        return LinearProbe.Run(features.Data, [.. features.AllTrain.Except(held)], held, penalties, solver, seed: 7, threads, () => { });
    }

    private static double Top1(RandomFeatures features, LinearProbe.Outcome outcome) =>
        outcome.Answers.Zip(features.Data.TestLabels).Average(a => a.First == a.Second ? 1.0 : 0);
}
