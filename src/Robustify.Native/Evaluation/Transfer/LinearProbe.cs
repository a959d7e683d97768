using Robustify.Kernels.Cpu;

namespace Robustify.Native.Evaluation.Transfer;

/// <summary>How the best linear classifier on fixed features is found.</summary>
public enum ProbeSolver
{
    /// <summary>L-BFGS on all images at once, to a small gradient.</summary>
    Lbfgs,

    /// <summary>Gradient descent with momentum on batches of 256: 100 epochs, and at least 3000 steps.</summary>
    Sgd,
}

/// <summary>
/// A linear classifier on fixed features: multinomial logistic regression for every penalty of a grid on a part of the training images,
/// the penalty with the most right answers on the others, then the regression again on all of them (the protocol of Kornblith et al.,
/// arXiv 1805.08974, and Radford et al., arXiv 2103.00020). Test images decide nothing.
/// </summary>
internal static class LinearProbe
{
    /// <summary>What a probe found.</summary>
    /// <param name="Answers">The class of each test image.</param>
    /// <param name="Penalty">The penalty chosen; of equally good ones the largest.</param>
    /// <param name="Sweep">Each penalty with the fraction right on held-out images.</param>
    /// <param name="LargestSlope">The largest component of the gradient at the end; NaN for gradient descent on batches.</param>
    /// <param name="HasConverged">Whether that is within the tolerance.</param>
    public sealed record Outcome(int[] Answers, double Penalty, IReadOnlyList<(double Penalty, double Top1)> Sweep, double LargestSlope, bool HasConverged);

    // As scikit-learn's: with a mean loss of order 1 it fixes that loss to about six digits.
    private const double Tolerance = 1e-4;
    private const int MostIterations = 1000;

    /// <summary>Fits and measures.</summary>
    /// <param name="data">Features and labels.</param>
    /// <param name="fit">Training images that the grid is fitted on.</param>
    /// <param name="heldOut">The others, that the penalty is chosen on.</param>
    /// <param name="penalties">The grid, at least one.</param>
    /// <param name="solver">How the regression is solved.</param>
    /// <param name="seed">Key of the order of batches.</param>
    /// <param name="threads">Who computes; nothing depends on how many.</param>
    /// <param name="report">Told of each fit that is done.</param>
    /// <param name="cancellation">Asks for an end.</param>
    public static Outcome Run(
        LabeledFeatures data, int[] fit, int[] heldOut, IReadOnlyList<double> penalties, ProbeSolver solver, ulong seed, CpuThreads threads, Action report,
        CancellationToken cancellation = default)
    {
        var scaling = FeatureScaling.Of(data.Train);
        var sweep = new List<(double Penalty, double Top1)>();
        double chosen = penalties[0];
        if (penalties.Count > 1)
        {
            using var objective = new LogisticObjective(data.Train, data.TrainLabels, fit, data.Classes, scaling, threads) { Cancellation = cancellation };
            double[] point = new double[objective.Length];

            // From the strongest on, each from where the last one ended: a chain of short ways.
            foreach (double penalty in penalties.OrderDescending())
            {
                Solve(objective, point, penalty, solver, data.Train.Width, seed);
                int[] answers = objective.Classify(point, data.Train);
                sweep.Add((penalty, heldOut.Count(i => answers[i] == data.TrainLabels[i]) / (double)heldOut.Length));
                report();
            }

            chosen = sweep.MaxBy(s => s.Top1).Penalty;
        }

        using var whole = new LogisticObjective(
            data.Train, data.TrainLabels, [.. Enumerable.Range(0, data.Train.Count)], data.Classes, scaling, threads) { Cancellation = cancellation };
        double[] best = new double[whole.Length];
        var (slope, hasConverged) = Solve(whole, best, chosen, solver, data.Train.Width, seed);
        report();
        return new(whole.Classify(best, data.Test), chosen, sweep, slope, hasConverged);
    }

    private static (double Slope, bool HasConverged) Solve(LogisticObjective objective, double[] point, double penalty, ProbeSolver solver, int width, ulong seed)
    {
        objective.Penalty = penalty;
        if (solver == ProbeSolver.Lbfgs)
        {
            var outcome = new LimitedMemoryBfgs(MostIterations, Tolerance).Minimize(objective, point);
            return (outcome.LargestSlope, outcome.HasConverged);
        }

        StochasticDescent.Minimize(objective, point, width, seed);
        return (double.NaN, true);
    }
}
