namespace Robustify.Kernels.Parity;

/// <summary>What came of a case.</summary>
/// <param name="Error">Largest error of all outputs, each against its allowed error: passed up to 1.</param>
/// <param name="Worst">The operand that had it, with its error, for reports.</param>
/// <param name="Bits">A hash of all outputs' bits: equal runs have equal ones.</param>
internal readonly record struct CaseOutcome(double Error, string Worst, ulong Bits)
{
    /// <summary>Whether every output is as near as it must be.</summary>
    public bool Passed => Error <= 1;
}
