using System.Text.RegularExpressions;

namespace Robustify.Native.Tests.Architecture;

/// <summary>
/// The arrows of the design: Cli to Native to Kernels, and inside Native one direction only, so that a part can be read, tested and
/// replaced without those that stand on it.
/// </summary>
public sealed partial class DependencyTests
{
    private static readonly string Source = FindSource();

    // Each stands on those before it.
    private static readonly string[] Line = ["Graph", "Planning", "Models", "Training", "Method", "Evaluation", "Workflows", "Exports"];

    // Beside the line: anybody may use them, they know nothing of it, and of each other only this.
    private static readonly Dictionary<string, string[]> Beside = new(StringComparer.Ordinal)
    {
        ["Files"] = [],
        ["Runs"] = ["Files"],
        ["Data"] = ["Files", "Augment"],
        ["Augment"] = ["Files", "Data"],
        ["Corruptions"] = ["Files", "Data"],
    };

    public static TheoryData<string> Parts() =>
        [.. Directory.GetDirectories(Path.Combine(Source, "Robustify.Native")).Select(d => Path.GetFileName(d)!).Where(d => d is not ("bin" or "obj"))];

    [Theory]
    [MemberData(nameof(Parts))]
    public void APartOfTheEngineUsesOnlyWhatItMayStandOn(string part)
    {
        string[] allowed = Beside.TryGetValue(part, out string[]? known) ? known : [.. Line[..Math.Max(0, Array.IndexOf(Line, part))], .. Beside.Keys];
        Assert.True(known is not null || Line.Contains(part), $"{part} has no place among the arrows; give it one here and in the design");
        foreach (string file in Files("Robustify.Native", part))
        {
            foreach (string used in NativePart().Matches(File.ReadAllText(file)).Select(m => m.Groups[1].Value).Distinct())
                Assert.True(used == part || allowed.Contains(used), $"{file} uses {used}; {part} may use {string.Join(", ", allowed)}");
        }
    }

    // Training images are mixed while they load, and mixing works on images: of the two only the loader closes the circle.
    [Fact]
    public void OnlyTheLoaderKnowsTheAugmentation()
    {
        foreach (string file in Files("Robustify.Native", "Data").Where(f => !f.Contains($"{Path.DirectorySeparatorChar}Loading{Path.DirectorySeparatorChar}")))
            Assert.DoesNotContain("Robustify.Native.Augment", File.ReadAllText(file));
        foreach (string file in Files("Robustify.Native", "Augment"))
            Assert.DoesNotContain("Robustify.Native.Data.Loading", File.ReadAllText(file));
    }

    [Theory]
    [InlineData("Robustify.Kernels", "Robustify.Native")]
    [InlineData("Robustify.Kernels", "Robustify.Cli")]
    [InlineData("Robustify.Native", "Robustify.Cli")]
    public void AProjectKnowsNothingOfThoseAboveIt(string project, string above)
    {
        Assert.NotEmpty(Files(project));
        foreach (string file in Files(project))
            Assert.DoesNotContain($"{above}.", File.ReadAllText(file));
    }

    [Theory]
    [InlineData("Robustify.Kernels", "")]
    [InlineData("Robustify.Native", "Robustify.Kernels")]
    [InlineData("Robustify.Cli", "Robustify.Native")]
    public void AProjectReferencesTheNextBelowAlone(string project, string below)
    {
        string text = File.ReadAllText(Path.Combine(Source, project, $"{project}.csproj"));
        Assert.Equal(below, string.Join(", ", ProjectReference().Matches(text).Select(m => m.Groups[1].Value)));
    }

    [Fact]
    public void NamespacesFollowTheFolders()
    {
        foreach (string project in (ReadOnlySpan<string>)["Robustify.Kernels", "Robustify.Native"])
        {
            foreach (string file in Files(project))
            {
                string folder = Path.GetRelativePath(Source, Path.GetDirectoryName(file)!).Replace(Path.DirectorySeparatorChar, '.');
                Assert.True(File.ReadAllText(file).Contains($"namespace {folder};", StringComparison.Ordinal), $"{file}: namespace {folder} expected");
            }
        }
    }

    [GeneratedRegex(@"Robustify\.Native\.(\w+)")]
    private static partial Regex NativePart();

    [GeneratedRegex(@"<ProjectReference Include=""[^""]*/([\w.]+)\.csproj""")]
    private static partial Regex ProjectReference();

    private static string[] Files(params string[] parts)
    {
        string separator = Path.DirectorySeparatorChar.ToString();
        return [.. Directory.GetFiles(Path.Combine([Source, .. parts]), "*.cs", SearchOption.AllDirectories)
            .Where(f => !f.Contains($"{separator}obj{separator}") && !f.Contains($"{separator}bin{separator}"))];
    }

    private static string FindSource()
    {
        for (var directory = new DirectoryInfo(AppContext.BaseDirectory); directory is not null; directory = directory.Parent)
        {
            if (File.Exists(Path.Combine(directory.FullName, "Robustify.sln")))
                return Path.Combine(directory.FullName, "src");
        }

        throw new DirectoryNotFoundException($"no Robustify.sln above {AppContext.BaseDirectory}; run the tests from a clone");
    }
}
