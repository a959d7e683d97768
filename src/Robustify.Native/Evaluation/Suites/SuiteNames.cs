namespace Robustify.Native.Evaluation.Suites;

/// <summary>Names of suites, as <c>--suite</c> takes them and results tell them.</summary>
internal static class SuiteNames
{
    /// <summary>The images as they are.</summary>
    public const string Clean = "clean";

    /// <summary>The same images corrupted in memory, or those of a stored <c>-C</c> set.</summary>
    public const string Corruption = "corruption";

    private const string CleanOnPrefix = "clean-on-";

    /// <summary>The clean images seen as another suite sees its own: its classes alone, its mask.</summary>
    public static string CleanOn(string suite) => CleanOnPrefix + suite;

    /// <summary>Whether a name is one of <see cref="CleanOn"/>.</summary>
    public static bool IsCleanOn(string suite) => suite.StartsWith(CleanOnPrefix, StringComparison.Ordinal);
}
