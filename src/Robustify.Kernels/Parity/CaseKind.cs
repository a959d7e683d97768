namespace Robustify.Kernels.Parity;

/// <summary>What a case's reference is.</summary>
internal enum CaseKind
{
    /// <summary>The operation's formula, by plain loops in double.</summary>
    Parity,

    /// <summary>Differences of the forward operation in double.</summary>
    Gradient,

    /// <summary>The images that one CPU thread makes.</summary>
    Image,
}
