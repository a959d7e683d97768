using System.Numerics.Tensors;

namespace Robustify.Native.Method;

/// <summary>Which head answers, by number: the order in results.</summary>
public enum StudentHead
{
    /// <summary>Trained on clean images against the original model.</summary>
    Clean,

    /// <summary>Trained on augmented images against the teacher.</summary>
    Unclean,

    /// <summary>Trained on both.</summary>
    Combined,
}

/// <summary>Ways to choose a head, for comparison.</summary>
public enum SelectorKind
{
    /// <summary>The method's own: uncertainty plus divergence from the combined head, calibrated.</summary>
    Calibrated,

    /// <summary>Always the clean head.</summary>
    Clean,

    /// <summary>Always the unclean head.</summary>
    Unclean,

    /// <summary>Always the combined head.</summary>
    Combined,

    /// <summary>The head of least entropy.</summary>
    Entropy,

    /// <summary>The clean or the unclean head, whichever diverges less from the combined one.</summary>
    Kl,

    /// <summary>The mean of the three distributions.</summary>
    Mean,

    /// <summary>Right if any head is right: an upper bound that needs the label.</summary>
    Oracle,
}

/// <summary>
/// Chooses a head from the three predictive distributions: s_h = u(p_h) + KL(p_m || p_h) for the clean and the unclean head, u the
/// entropy over log K (this project's reading of arXiv 2309.07499, whose rule is not public).
/// </summary>
public static class HeadSelector
{
    // Probabilities below this count as this in a logarithm, so that a divergence stays finite.
    private const float SmallestProbability = 1e-12f;

    /// <summary>H(p) / log K in 0..1.</summary>
    public static double Uncertainty(ReadOnlySpan<float> p)
    {
        double entropy = 0;
        foreach (float x in p)
        {
            if (x > 0)
                entropy -= x * Math.Log(x);
        }

        return p.Length == 1 ? 0 : entropy / Math.Log(p.Length);
    }

    /// <summary>KL(p || q), at least 0 up to rounding.</summary>
    public static double Divergence(ReadOnlySpan<float> p, ReadOnlySpan<float> q)
    {
        double sum = 0;
        for (int i = 0; i < p.Length; i++)
        {
            if (p[i] > 0)
                sum += p[i] * Math.Log(p[i] / Math.Max(q[i], SmallestProbability));
        }

        return sum;
    }

    /// <summary>s_c - s_u: negative where the clean head is the better choice.</summary>
    public static double ScoreDifference(ReadOnlySpan<float> clean, ReadOnlySpan<float> unclean, ReadOnlySpan<float> combined) =>
        Uncertainty(clean) + Divergence(combined, clean) - Uncertainty(unclean) - Divergence(combined, unclean);

    /// <summary>The method's choice for a score difference.</summary>
    public static StudentHead Choose(double scoreDifference, SelectorCalibration calibration)
    {
        double d = scoreDifference - calibration.Bias;
        if (Math.Abs(d) < calibration.Delta)
            return StudentHead.Combined;
        return d <= 0 ? StudentHead.Clean : StudentHead.Unclean;
    }

    /// <summary>Whether a selector's answer is the label.</summary>
    public static bool IsCorrect(
        SelectorKind selector, ReadOnlySpan<float> clean, ReadOnlySpan<float> unclean, ReadOnlySpan<float> combined,
        SelectorCalibration calibration, int label) => selector switch
    {
        SelectorKind.Calibrated => Choose(ScoreDifference(clean, unclean, combined), calibration) switch
        {
            StudentHead.Clean => Top(clean) == label,
            StudentHead.Unclean => Top(unclean) == label,
            _ => Top(combined) == label,
        },
        SelectorKind.Clean => Top(clean) == label,
        SelectorKind.Unclean => Top(unclean) == label,
        SelectorKind.Combined => Top(combined) == label,
        SelectorKind.Entropy => Top(LeastUncertain(clean, unclean, combined)) == label,
        SelectorKind.Kl => Top(Divergence(combined, clean) <= Divergence(combined, unclean) ? clean : unclean) == label,
        SelectorKind.Mean => TopOfMean(clean, unclean, combined) == label,
        _ => Top(clean) == label || Top(unclean) == label || Top(combined) == label,
    };

    private static int Top(ReadOnlySpan<float> p) => TensorPrimitives.IndexOfMax(p);

    private static ReadOnlySpan<float> LeastUncertain(ReadOnlySpan<float> clean, ReadOnlySpan<float> unclean, ReadOnlySpan<float> combined)
    {
        double c = Uncertainty(clean), u = Uncertainty(unclean), m = Uncertainty(combined);
        return c <= u && c <= m ? clean : u <= m ? unclean : combined;
    }

    private static int TopOfMean(ReadOnlySpan<float> clean, ReadOnlySpan<float> unclean, ReadOnlySpan<float> combined)
    {
        int best = 0;
        for (int i = 1; i < clean.Length; i++)
        {
            if (clean[i] + unclean[i] + combined[i] > clean[best] + unclean[best] + combined[best])
                best = i;
        }

        return best;
    }
}
