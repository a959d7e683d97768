namespace Robustify.Native.Evaluation.Metrics;

/// <summary>
/// The exact two-sided 95 % interval of a fraction (Clopper and Pearson 1934): the fractions under which as many right answers or more, and
/// as many or fewer, have probability 2.5 %. For a subset drawn without replacement it is a little wide.
/// </summary>
internal static class BinomialInterval
{
    private const double Tail = 0.025;

    /// <summary>Of <paramref name="correct"/> right answers in <paramref name="images"/>; (0, 1) of none.</summary>
    public static (double Low, double High) Of(long correct, long images)
    {
        if (images == 0)
            return (0, 1);
        double low = correct == 0 ? 0 : Quantile(correct, images - correct + 1, Tail);
        double high = correct == images ? 1 : Quantile(correct + 1, images - correct, 1 - Tail);
        return (low, high);
    }

    /// <summary>The x at which the regularised incomplete beta function is <paramref name="probability"/>, by bisection.</summary>
    private static double Quantile(double a, double b, double probability)
    {
        double low = 0, high = 1;
        while (high - low > 1e-12)
        {
            double middle = (low + high) / 2;
            if (IncompleteBeta(a, b, middle) < probability)
                low = middle;
            else
                high = middle;
        }

        return (low + high) / 2;
    }

    /// <summary>I_x(a, b) by its continued fraction (DLMF 8.17.22), evaluated from the front (modified Lentz).</summary>
    internal static double IncompleteBeta(double a, double b, double x)
    {
        if (x <= 0 || x >= 1)
            return x <= 0 ? 0 : 1;
        double front = Math.Exp(LogGamma(a + b) - LogGamma(a) - LogGamma(b) + a * Math.Log(x) + b * Math.Log(1 - x));

        // The fraction converges quickly below the mean; above it the function's symmetry helps.
        return x < (a + 1) / (a + b + 2) ? front * Fraction(a, b, x) / a : 1 - front * Fraction(b, a, 1 - x) / b;
    }

    private static double Fraction(double a, double b, double x)
    {
        const double tiny = 1e-300;
        double c = 1, d = 1 / Away(1 - (a + b) * x / (a + 1)), value = d;
        for (int m = 1; m < 10_000; m++)
        {
            double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
            d = 1 / Away(1 + even * d);
            c = Away(1 + even / c);
            value *= d * c;
            double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
            d = 1 / Away(1 + odd * d);
            c = Away(1 + odd / c);
            value *= d * c;
            if (Math.Abs(d * c - 1) < 1e-14)
                break;
        }

        return value;

        static double Away(double v) => Math.Abs(v) < tiny ? tiny : v;
    }

    // Stirling's series (DLMF 5.11.1) from 10 on, where five terms give 14 digits; below it the recurrence leads there.
    private static double LogGamma(double z)
    {
        double shift = 0;
        for (; z < 10; z++)
            shift += Math.Log(z);
        double r = 1 / (z * z);
        return (z - 0.5) * Math.Log(z) - z + 0.5 * Math.Log(2 * Math.PI)
            + (1.0 / 12 - r * (1.0 / 360 - r * (1.0 / 1260 - r * (1.0 / 1680 - r / 1188)))) / z - shift;
    }
}
