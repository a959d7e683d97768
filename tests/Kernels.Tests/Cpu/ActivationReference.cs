using Robustify.Kernels.Backends;

namespace Robustify.Kernels.Tests.Cpu;

/// <summary>Activations and their derivatives in double.</summary>
internal static class ActivationReference
{
    private const double QuickSlope = 1.702;

    // Above it the Taylor series loses digits to cancellation, below it the continued fraction converges slowly.
    private const double SeriesLimit = 2.5;

    public static double Value(Activation activation, double x) => activation switch
    {
        Activation.Gelu => x * NormalCdf(x),
        Activation.QuickGelu => x / (1 + Math.Exp(-QuickSlope * x)),
        _ => x,
    };

    public static double Derivative(Activation activation, double x)
    {
        if (activation == Activation.Gelu)
            return NormalCdf(x) + x * Math.Exp(-x * x / 2) / Math.Sqrt(2 * Math.PI);
        double s = 1 / (1 + Math.Exp(-QuickSlope * x));
        return activation == Activation.QuickGelu ? s + QuickSlope * x * s * (1 - s) : 1;
    }

    /// <summary>The lower tail is computed as a tail, so it keeps its digits.</summary>
    public static double NormalCdf(double x)
    {
        double z = Math.Abs(x) / Math.Sqrt(2);
        double upper = z < SeriesLimit ? (1 - Erf(z)) / 2 : Erfc(z) / 2;
        return x < 0 ? upper : 1 - upper;
    }

    /// <summary>2 / sqrt(pi) sum (-1)^n z^(2n+1) / (n! (2n+1)).</summary>
    private static double Erf(double z)
    {
        double term = z, sum = z;
        for (int n = 1; n < 100; n++)
        {
            term *= -z * z / n;
            sum += term / (2 * n + 1);
        }

        return 2 / Math.Sqrt(Math.PI) * sum;
    }

    /// <summary>exp(-z²) / sqrt(pi) / (z + (1/2) / (z + 1 / (z + (3/2) / (z + ...)))), Laplace's continued fraction.</summary>
    private static double Erfc(double z)
    {
        double tail = z;
        for (int n = 120; n > 0; n--)
            tail = z + n / 2.0 / tail;
        return Math.Exp(-z * z) / Math.Sqrt(Math.PI) / tail;
    }
}
