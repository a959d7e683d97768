namespace Robustify.Kernels.Cuda.Libraries;

/// <summary>One file that was looked for, and why it did not serve.</summary>
/// <param name="File">Name, or path where a folder was looked into.</param>
/// <param name="Failure">The reason in one line; empty where it was loaded.</param>
internal readonly record struct LibraryAttempt(string File, string Failure)
{
    /// <summary>For reports.</summary>
    public override string ToString() => Failure.Length == 0 ? $"{File}: loaded" : $"{File}: {Failure}";
}
