using System.Runtime.InteropServices;
using System.Text.Json;

namespace Robustify.Native.Tests.Golden;

/// <summary>
/// The directory of reference outputs: <c>tests/fixtures</c>, or the one that ROBUSTIFY_GOLDEN names. Golden tests discover their cases
/// from the files there, so another directory in the same layout is tested without touching code.
/// </summary>
public static class GoldenData
{
    public static string Root { get; } = FindRoot();

    public static string PathOf(params string[] parts) => Path.Combine([Root, .. parts]);

    public static JsonElement Json(params string[] parts)
    {
        using var document = JsonDocument.Parse(File.ReadAllBytes(PathOf(parts)));
        return document.RootElement.Clone();
    }

    /// <summary>A little-endian float32 file.</summary>
    public static float[] Floats(params string[] parts) => MemoryMarshal.Cast<byte, float>(File.ReadAllBytes(PathOf(parts))).ToArray();

    public static double[] Doubles(JsonElement array) => array.EnumerateArray().Select(x => x.GetDouble()).ToArray();

    /// <summary>Names of the sub-directories, sorted; none where the directory is missing.</summary>
    public static IEnumerable<string> Directories(params string[] parts) =>
        Directory.Exists(PathOf(parts))
            ? Directory.GetDirectories(PathOf(parts)).Select(d => Path.GetFileName(d)!).Order(StringComparer.Ordinal)
            : [];

    private static string FindRoot()
    {
        if (Environment.GetEnvironmentVariable("ROBUSTIFY_GOLDEN") is { Length: > 0 } named)
            return Directory.Exists(named) ? named : throw new DirectoryNotFoundException($"ROBUSTIFY_GOLDEN names '{named}', which is no directory");
        for (var directory = new DirectoryInfo(AppContext.BaseDirectory); directory is not null; directory = directory.Parent)
        {
            string fixtures = Path.Combine(directory.FullName, "tests", "fixtures");
            if (Directory.Exists(fixtures))
                return fixtures;
        }

        throw new DirectoryNotFoundException($"no tests/fixtures above {AppContext.BaseDirectory}; run the tests from a clone");
    }
}
