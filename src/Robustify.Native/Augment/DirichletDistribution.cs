using Robustify.Kernels.Random;

namespace Robustify.Native.Augment;

/// <summary>
/// Draws from a symmetric Dirichlet distribution by normalising gamma variates. The variates are kept as logarithms, because for a small
/// alpha most of them are below the smallest double.
/// </summary>
internal static class DirichletDistribution
{
    /// <summary>Weights that sum to 1 up to rounding. Two of them are (Beta(alpha, alpha), its complement).</summary>
    /// <param name="alpha">Above 0.</param>
    /// <param name="weights">At most 64 entries.</param>
    /// <param name="random">Where the draws come from.</param>
    public static void Draw(double alpha, Span<float> weights, IRandomStream random)
    {
        Span<double> logarithms = stackalloc double[64];
        logarithms = logarithms[..weights.Length];
        double largest = double.NegativeInfinity;
        foreach (ref double logarithm in logarithms)
        {
            logarithm = LogGammaVariate(alpha, random);
            largest = Math.Max(largest, logarithm);
        }

        double sum = 0;
        foreach (ref double logarithm in logarithms)
        {
            // All variates 0 (possible only for draws of exactly 0): every entry is "the largest", so the weights are equal.
            logarithm = double.IsNegativeInfinity(largest) ? 1 : Math.Exp(logarithm - largest);
            sum += logarithm;
        }

        for (int i = 0; i < weights.Length; i++)
            weights[i] = (float)(logarithms[i] / sum);
    }

    private static double LogGammaVariate(double alpha, IRandomStream random)
    {
        if (alpha == 1)
            return Math.Log(-Math.Log(1 - random.NextUniform())); // Gamma(1) is the exponential distribution
        if (alpha < 1)
        {
            // Gamma(alpha) = Gamma(alpha + 1) * U^(1/alpha); 1 - u keeps the logarithm finite.
            return LogGammaVariate(alpha + 1, random) + Math.Log(1 - random.NextUniform()) / alpha;
        }

        // Marsaglia and Tsang, "A simple method for generating gamma variables", ACM TOMS 26 (2000).
        double d = alpha - 1.0 / 3, c = 1 / Math.Sqrt(9 * d);
        while (true)
        {
            double normal = random.NextNormal(), root = 1 + c * normal, uniform = 1 - random.NextUniform();
            double cube = root * root * root;
            if (root > 0 && Math.Log(uniform) < 0.5 * normal * normal + d - d * cube + d * Math.Log(cube))
                return Math.Log(d * cube);
        }
    }
}
