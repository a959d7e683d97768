namespace Robustify.Native.Evaluation.Transfer;

/// <summary>
/// L-BFGS: quasi-Newton steps from the last few changes of the gradient (Liu and Nocedal 1989; Nocedal and Wright, Numerical Optimization,
/// 2nd edition, algorithms 7.4 and 7.5), with a line search for the strong Wolfe conditions. One thread, double throughout: the same point
/// again gives the same steps.
/// </summary>
internal sealed class LimitedMemoryBfgs(int maximumIterations, double tolerance)
{
    private const int Memory = 10;

    private readonly List<(double[] Step, double[] Change, double Curvature)> pairs = [];

    /// <summary>How a search ended.</summary>
    /// <param name="Value">The function where it ended.</param>
    /// <param name="LargestSlope">The largest component of the gradient there.</param>
    /// <param name="Iterations">Steps taken.</param>
    /// <param name="HasConverged">Whether no component of the gradient is larger than the tolerance.</param>
    public readonly record struct Outcome(double Value, double LargestSlope, int Iterations, bool HasConverged);

    /// <summary>Moves <paramref name="point"/> to where the function is least.</summary>
    public Outcome Minimize(IObjective objective, double[] point)
    {
        pairs.Clear();
        double[] gradient = new double[point.Length], direction = new double[point.Length];
        double value = objective.Evaluate(point, gradient);
        var search = new WolfeSearch(objective, point.Length);
        int iteration = 0;
        for (; iteration < maximumIterations && Vectors.Largest(gradient) > tolerance; iteration++)
        {
            Direct(gradient, direction);
            double first = pairs.Count > 0 ? 1 : Math.Min(1, 1 / Math.Sqrt(Vectors.Dot(gradient, gradient)));
            if (!search.Find(point, value, gradient, direction, first))
            {
                // Rounding hides any further descent along a remembered direction; the gradient itself gets one more chance.
                if (pairs.Count == 0)
                    break;
                pairs.Clear();
                continue;
            }

            Remember(point, gradient, search);
            value = search.Value;
            search.Point.CopyTo(point, 0);
            search.Gradient.CopyTo(gradient, 0);
        }

        double largest = Vectors.Largest(gradient);
        return new(value, largest, iteration, largest <= tolerance);
    }

    /// <summary>The two-loop recursion: minus the gradient times an estimate of the inverse Hessian.</summary>
    private void Direct(double[] gradient, double[] direction)
    {
        for (int i = 0; i < direction.Length; i++)
            direction[i] = -gradient[i];
        Span<double> weights = stackalloc double[Memory];
        for (int p = pairs.Count - 1; p >= 0; p--)
        {
            weights[p] = Vectors.Dot(pairs[p].Step, direction) / pairs[p].Curvature;
            Vectors.Add(direction, -weights[p], pairs[p].Change);
        }

        if (pairs.Count > 0)
        {
            var (_, change, curvature) = pairs[^1];
            double scale = curvature / Vectors.Dot(change, change);
            for (int i = 0; i < direction.Length; i++)
                direction[i] *= scale;
        }

        for (int p = 0; p < pairs.Count; p++)
            Vectors.Add(direction, weights[p] - Vectors.Dot(pairs[p].Change, direction) / pairs[p].Curvature, pairs[p].Step);
    }

    private void Remember(double[] point, double[] gradient, WolfeSearch search)
    {
        double[] step = new double[point.Length], change = new double[point.Length];
        for (int i = 0; i < step.Length; i++)
            (step[i], change[i]) = (search.Point[i] - point[i], search.Gradient[i] - gradient[i]);
        double curvature = Vectors.Dot(step, change);
        if (!(curvature > 0))
            return;
        if (pairs.Count == Memory)
            pairs.RemoveAt(0);
        pairs.Add((step, change, curvature));
    }
}
