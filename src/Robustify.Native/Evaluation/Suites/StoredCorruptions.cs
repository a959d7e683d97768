using System.Globalization;
using Robustify.Kernels;
using Robustify.Native.Corruptions;
using Robustify.Native.Evaluation.Metrics;
using Robustify.Native.Files;

namespace Robustify.Native.Evaluation.Suites;

/// <summary>
/// Finds the conditions of a stored -C set: CORRUPTION/SEVERITY/CLASS/FILE, the corruption folders directly or one deeper in those of the
/// released archives (noise, blur, weather, digital, extra).
/// </summary>
internal static class StoredCorruptions
{
    /// <summary>Folders of the released archives.</summary>
    private static readonly string[] Archives = ["noise", "blur", "weather", "digital", "extra"];

    /// <summary>The conditions there, in canonical order, and those that are missing.</summary>
    /// <param name="folder">Of the set.</param>
    /// <param name="wanted">Names of corruptions; null for the 15 of the benchmark, and the four of validation where they are there.</param>
    /// <param name="severities">1..5.</param>
    /// <exception cref="RobustifyException">None is there.</exception>
    public static (List<(Condition Condition, string Folder)> Found, List<string> Missing) Find(
        string folder, IReadOnlyList<string>? wanted, IReadOnlyList<int> severities)
    {
        var found = new List<(Condition, string)>();
        var missing = new List<string>();
        foreach (string name in PublishedGroups.All.Select(c => c.Name).Where(n => wanted is null || wanted.Contains(n)))
        {
            string? own = Place(folder, name);
            if (own is null)
            {
                if (wanted is not null || PublishedGroups.IsMain(name))
                    missing.Add(name);
                continue;
            }

            foreach (int severity in severities)
            {
                string place = Path.Combine(own, severity.ToString(CultureInfo.InvariantCulture));
                if (Directory.Exists(place))
                    found.Add((new Condition(name, severity), place));
                else
                    missing.Add(string.Create(CultureInfo.InvariantCulture, $"{name} severity {severity}"));
            }
        }

        return found.Count > 0 ? (found, missing) : throw new RobustifyException(
            $"{OneLine.Of(folder, 400)}: no folder CORRUPTION/1..{Corruption.MaxSeverity} found, as gaussian_noise/1; name the folder of a -C set"
            + NearbyFolder.Advice(folder, place => PublishedGroups.All.Any(c => Place(place, c.Name) is not null)));
    }

    private static string? Place(string folder, string corruption) =>
        Archives.Select(a => Path.Combine(folder, a, corruption)).Prepend(Path.Combine(folder, corruption)).FirstOrDefault(Directory.Exists);
}
