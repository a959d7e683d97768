namespace Robustify.Native.Evaluation.Transfer;

/// <summary>
/// Finds a step along a direction that meets the strong Wolfe conditions: the function falls enough, and its slope too (Nocedal and Wright,
/// algorithms 3.5 and 3.6, with the minimum of the cubic through two points, equation 3.59).
/// </summary>
internal sealed class WolfeSearch(IObjective objective, int length)
{
    private const double Decrease = 1e-4;
    private const double Curvature = 0.9;
    private const double Rounding = 1e-14;
    private const int MostTrials = 40;

    private double[] point = new double[length];
    private double[] gradient = new double[length];
    private double[] bestPoint = new double[length];
    private double[] bestGradient = new double[length];

    /// <summary>Where the last search ended.</summary>
    public double[] Point => bestPoint;

    /// <summary>The gradient there.</summary>
    public double[] Gradient => bestGradient;

    /// <summary>The function there.</summary>
    public double Value { get; private set; }

    /// <summary>Searches; false where no step lowers the function.</summary>
    public bool Find(double[] from, double value, double[] gradientThere, double[] direction, double firstStep)
    {
        double slope = Vectors.Dot(gradientThere, direction);
        Value = value;
        if (!(slope < 0))
            return false;
        bool hasFallen = false;
        double same = Rounding * Math.Abs(value);
        Trial low = new(0, value, slope), previous = low, high = default;
        bool isBracketed = false;
        double step = firstStep;
        for (int trial = 0; trial < MostTrials; trial++)
        {
            var there = Evaluate(from, direction, step);
            bool falls = Falls(value, slope, same, there), isFlat = Math.Abs(there.Slope) <= -Curvature * slope;
            if (falls && (isFlat || there.Value < Value))
            {
                hasFallen = true;
                Value = there.Value;
                (point, bestPoint, gradient, bestGradient) = (bestPoint, point, bestGradient, gradient);
                if (isFlat)
                    return true;
            }

            if (!isBracketed)
            {
                bool isLower = falls && there.Value <= previous.Value + same;
                if (isLower && there.Slope < 0)
                {
                    (previous, low) = (there, there);
                    step *= 2;
                    continue;
                }

                (isBracketed, low, high) = isLower ? (true, there, previous) : (true, previous, there);
            }
            else if (!falls || there.Value > low.Value + same)
            {
                high = there;
            }
            else
            {
                if (there.Slope * (high.Step - low.Step) >= 0)
                    high = low;
                low = there;
            }

            step = Between(low, high);
            if (Math.Abs(high.Step - low.Step) <= 1e-16 * Math.Max(low.Step, high.Step))
                break;
        }

        return hasFallen;
    }

    // Near the minimum differences of the function drown in its rounding, where the slope still tells the way: a parabola that has its slope
    // there falls as much (Hager and Zhang 2005, "approximate Wolfe conditions").
    private static bool Falls(double value, double slope, double same, Trial there) => there.Value <= value + Decrease * there.Step * slope
        || (there.Value <= value + same && there.Slope <= (2 * Decrease - 1) * slope);

    private Trial Evaluate(double[] from, double[] direction, double step)
    {
        for (int i = 0; i < length; i++)
            point[i] = from[i] + step * direction[i];
        double value = objective.Evaluate(point, gradient);
        return new(step, double.IsNaN(value) ? double.PositiveInfinity : value, Vectors.Dot(gradient, direction));
    }

    /// <summary>Where the cubic through both ends has its minimum; the middle where that is too near an end or there is none.</summary>
    private static double Between(Trial a, Trial b)
    {
        double middle = (a.Step + b.Step) / 2;
        double d1 = a.Slope + b.Slope - 3 * (a.Value - b.Value) / (a.Step - b.Step), radicand = d1 * d1 - a.Slope * b.Slope;
        if (!(radicand >= 0) || !double.IsFinite(b.Value))
            return middle;
        double d2 = Math.Sign(b.Step - a.Step) * Math.Sqrt(radicand);
        double step = b.Step - (b.Step - a.Step) * ((b.Slope + d2 - d1) / (b.Slope - a.Slope + 2 * d2));
        double margin = 0.1 * Math.Abs(b.Step - a.Step);
        return step >= Math.Min(a.Step, b.Step) + margin && step <= Math.Max(a.Step, b.Step) - margin ? step : middle;
    }

    private readonly record struct Trial(double Step, double Value, double Slope);
}
