using Robustify.Native.Files;

namespace Robustify.Native.Evaluation.Suites;

/// <summary>For a folder that was named one level too deep or too high: the one that was meant.</summary>
internal static class NearbyFolder
{
    // Folders looked into: a data set's own folder holds few, a set of class folders is not what was meant.
    private const int MostChildren = 64;

    private const int MostNamed = 3;

    /// <summary>"; did you mean DIR?", or "DIR or DIR?", or nothing where no folder inside it, and none of the two above it, fits.</summary>
    /// <param name="folder">What was named.</param>
    /// <param name="fits">Whether a folder that can be listed is what was wanted.</param>
    public static string Advice(string folder, Func<string, bool> fits)
    {
        try
        {
            string full = Path.GetFullPath(folder);
            string? above = Path.GetDirectoryName(Path.TrimEndingDirectorySeparator(full));
            string[] inside = Directory.Exists(full) ? [.. Directory.EnumerateDirectories(full).Order(StringComparer.Ordinal).Take(MostChildren)] : [];
            string[] meant = [.. inside.Concat([above, Path.GetDirectoryName(above)]).OfType<string>().Where(fits).Take(MostNamed).Select(m => OneLine.Of(m, 400))];
            return meant.Length == 0 ? "" : $"; did you mean {string.Join(" or ", meant)}?";
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return ""; // The error itself is told; advice that cannot be had is none.
        }
    }
}
