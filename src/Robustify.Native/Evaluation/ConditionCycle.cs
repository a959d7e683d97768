using Robustify.Native.Corruptions;

namespace Robustify.Native.Evaluation;

/// <summary>Corruptions and severities that images take in turn.</summary>
/// <param name="conditions">What is taken, from the beginning again after the last.</param>
/// <param name="offset">Number of a batch's first image among all.</param>
internal readonly struct ConditionCycle((Corruption Corruption, int Severity)[] conditions, int offset)
{
    /// <summary>Whether all images take the same.</summary>
    public bool IsOne => conditions.Length == 1;

    public (Corruption Corruption, int Severity) this[int index] => conditions[(offset + index) % conditions.Length];
}
