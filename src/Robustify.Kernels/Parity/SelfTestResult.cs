using Robustify.Kernels.Tensors;

namespace Robustify.Kernels.Parity;

/// <summary>What came of one case in one storage type.</summary>
/// <param name="Kind">What it was held against.</param>
/// <param name="Operation">The backend's method.</param>
/// <param name="Name">Operation, shapes and options.</param>
/// <param name="Storage">Type of the activations.</param>
/// <param name="Outcome">The first run against the reference.</param>
/// <param name="Repeats">Whether a second run gave the same bits.</param>
internal readonly record struct SelfTestResult(CaseKind Kind, string Operation, string Name, DType Storage, CaseOutcome Outcome, bool Repeats)
{
    /// <summary>Whether it is near the reference and repeats.</summary>
    public bool Passed => Outcome.Passed && Repeats;

    /// <summary>Why it failed, in one line; empty where it passed.</summary>
    public string Failure => !Outcome.Passed ? Outcome.Worst : Repeats ? "" : "two runs differ";
}
