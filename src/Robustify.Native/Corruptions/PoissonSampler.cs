using Robustify.Kernels.Random;

namespace Robustify.Native.Corruptions;

/// <summary>
/// Exact Poisson draws from uniforms. Means below 10: inversion by sequential search, one uniform a draw. From 10 on: PTRS, the transformed
/// rejection with squeeze of W. Hörmann, "The transformed rejection method for generating Poisson random variables", Insurance:
/// Mathematics and Economics 12 (1993) 39-45, whose cost does not grow with the mean.
/// </summary>
internal readonly struct PoissonSampler
{
    private const double PtrsFrom = 10; // the paper's constants hold from this mean on
    private static readonly double[] LogFactorials = TabulateLogFactorials(1024);

    private readonly double mean;
    private readonly double zeroProbability;
    private readonly double logMean;
    private readonly double a;
    private readonly double b;
    private readonly double logInverseAlpha;
    private readonly double acceptBelow;

    /// <param name="mean">Finite and at least 0.</param>
    public PoissonSampler(double mean)
    {
        this.mean = mean;
        zeroProbability = Math.Exp(-mean);
        logMean = Math.Log(mean);
        b = 0.931 + 2.53 * Math.Sqrt(mean);
        a = -0.059 + 0.02483 * b;
        logInverseAlpha = Math.Log(1.1239 + 1.1328 / (b - 3.4));
        acceptBelow = 0.9277 - 3.6224 / (b - 2);
    }

    /// <summary>A count of events.</summary>
    public int Next(IRandomStream random) => mean < PtrsFrom ? Invert(random.NextUniform()) : TransformAndReject(random);

    private int Invert(double uniform)
    {
        double probability = zeroProbability, cumulative = probability;
        int count = 0;
        while (uniform >= cumulative)
        {
            probability *= mean / ++count;
            double next = cumulative + probability;
            if (next == cumulative)
                break; // the rest of the tail is below the sum's last bit
            cumulative = next;
        }

        return count;
    }

    private int TransformAndReject(IRandomStream random)
    {
        while (true)
        {
            double u = random.NextUniform() - 0.5, v = random.NextUniform();
            double distance = 0.5 - Math.Abs(u);
            double candidate = Math.Floor((2 * a / distance + b) * u + mean + 0.43);
            if (distance >= 0.07 && v <= acceptBelow)
                return (int)candidate;
            if (candidate < 0 || distance <= 0 || (distance < 0.013 && v > distance))
                continue;
            if (Math.Log(v) + logInverseAlpha - Math.Log(a / (distance * distance) + b) <= candidate * logMean - mean - LogFactorial(candidate))
                return (int)candidate;
        }
    }

    private static double LogFactorial(double count)
    {
        if (count < LogFactorials.Length)
            return LogFactorials[(int)count];
        double inverse = 1 / count; // Stirling's series; the next term is below 1e-18 here
        return (count + 0.5) * Math.Log(count) - count + 0.5 * Math.Log(2 * Math.PI) + inverse * (1.0 / 12 - inverse * inverse / 360);
    }

    private static double[] TabulateLogFactorials(int length)
    {
        var table = new double[length];
        for (int count = 2; count < length; count++)
            table[count] = table[count - 1] + Math.Log(count);
        return table;
    }
}
