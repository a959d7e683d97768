using Robustify.Kernels;
using Robustify.Native.Evaluation.Suites;

namespace Robustify.Native.Workflows;

/// <summary>A set of images to measure on.</summary>
/// <param name="Name"><c>clean</c>, <c>corruption</c> or one that a folder is named for, such as <c>imagenet-a</c>.</param>
/// <param name="Folder">Where it lies; null for <c>clean</c> and <c>corruption</c>, which use the data set.</param>
public sealed record BenchmarkSuite(string Name, string? Folder)
{
    /// <summary>The data set's test images.</summary>
    public static BenchmarkSuite Clean { get; } = new(SuiteNames.Clean, null);

    /// <summary>The same, corrupted in memory.</summary>
    public static BenchmarkSuite Corruption { get; } = new(SuiteNames.Corruption, null);

    /// <summary>Names of all suites, those with a folder as NAME=DIR.</summary>
    public static IReadOnlyList<string> Forms { get; } = [SuiteNames.Clean, SuiteNames.Corruption, .. SuiteNames.WithFolder.Select(n => n + "=DIR")];

    /// <summary>As <c>--suite</c> has it: <c>clean</c>, <c>corruption</c> or <c>NAME=DIR</c>.</summary>
    /// <exception cref="RobustifyException">Another name, or a folder too many or too few.</exception>
    public static BenchmarkSuite Parse(string word)
    {
        int equals = word.IndexOf('=');
        string name = equals < 0 ? word : word[..equals];
        string? folder = equals < 0 ? null : word[(equals + 1)..];
        bool takesFolder = SuiteNames.WithFolder.Contains(name);
        if (!takesFolder && name is not (SuiteNames.Clean or SuiteNames.Corruption))
            throw new RobustifyException($"suite '{name}' is unknown; use one of {string.Join(", ", Forms)}");
        if (takesFolder != folder is { Length: > 0 })
            throw new RobustifyException(takesFolder ? $"'{word}' found, {name}=DIR expected" : $"'{word}' found, {name} alone expected: its images are those of --data");
        return new(name, folder);
    }

    /// <inheritdoc/>
    public override string ToString() => Folder is null ? Name : $"{Name}={Folder}";
}
