using Robustify.Native.Corruptions;
using Robustify.Native.Evaluation.Reference;

namespace Robustify.Native.Evaluation.Metrics;

/// <summary>
/// The corruption errors of Hendrycks and Dietterich (ICLR 2019), in percent of AlexNet's: CE_c = sum_s E(c, s) / sum_s E_AlexNet(c, s), sums
/// first, ratio second; the mean runs over the 15 corruptions of the benchmark. The relative ones subtract the clean error from every term.
/// </summary>
internal sealed record CorruptionErrors
{
    /// <summary>CE by corruption.</summary>
    public required IReadOnlyDictionary<string, double> Each { get; init; }

    /// <summary>mCE.</summary>
    public required double Mean { get; init; }

    /// <summary>Relative mCE; NaN without a clean error.</summary>
    public required double RelativeMean { get; init; }

    /// <summary>From top-1 errors at the five severities.</summary>
    /// <param name="errors">Fractions by corruption, five each or one mean of the five; other corruptions than the 15 are left aside.</param>
    /// <param name="cleanError">Fraction; NaN where it was not measured.</param>
    /// <returns>Null unless all 15 corruptions are there: a mean over some of them is no mCE.</returns>
    public static CorruptionErrors? Of(IReadOnlyDictionary<string, double[]> errors, double cleanError)
    {
        if (AlexNetErrors.Corrupted.Keys.Any(c => !errors.TryGetValue(c, out double[]? own) || own.Length is not (1 or Corruption.MaxSeverity)))
            return null;
        var each = new Dictionary<string, double>(StringComparer.Ordinal);
        double relative = 0;
        foreach (var (corruption, alexNet) in AlexNetErrors.Corrupted)
        {
            double own = errors[corruption].Average(), reference = alexNet.Average();
            each.Add(corruption, 100 * own / reference);
            relative += 100 * (own - cleanError) / (reference - AlexNetErrors.Clean);
        }

        return new() { Each = each, Mean = each.Values.Average(), RelativeMean = relative / each.Count };
    }
}
