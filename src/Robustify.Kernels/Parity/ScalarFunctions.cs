namespace Robustify.Kernels.Parity;

/// <summary>Functions of the references that .NET has not.</summary>
internal static class ScalarFunctions
{
    // Where the series and the continued fraction are both exact to double precision.
    private const double SeriesEnd = 3;
    private const int FractionTerms = 120;

    /// <summary>Phi(x), the normal distribution function.</summary>
    public static double NormalCdf(double x) => 0.5 * (1 + ErrorFunction(x / Math.Sqrt(2)));

    /// <summary>erf(x): its Maclaurin series near zero, the continued fraction of erfc beyond (Abramowitz and Stegun, 7.1.5 and 7.1.14).</summary>
    public static double ErrorFunction(double x)
    {
        double magnitude = Math.Abs(x);
        if (magnitude > SeriesEnd)
        {
            double fraction = magnitude;
            for (int k = FractionTerms; k > 0; k--)
                fraction = magnitude + k / 2.0 / fraction;
            return Math.Sign(x) * (1 - Math.Exp(-x * x) / (fraction * Math.Sqrt(Math.PI)));
        }

        double power = x, sum = x;
        for (int k = 1; Math.Abs(power) > 1e-18; k++)
        {
            power *= -x * x / k;
            sum += power / (2 * k + 1);
        }

        return sum * 2 / Math.Sqrt(Math.PI);
    }
}
