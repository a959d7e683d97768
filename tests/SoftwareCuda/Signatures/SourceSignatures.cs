using System.Text.RegularExpressions;

namespace Robustify.SoftwareCuda.Tests.Signatures;

/// <summary>Kernels and the letters of their parameters, read from the text of the sources.</summary>
internal static partial class SourceSignatures
{
    /// <summary>Name to letters as the launch table spells them: p pointer, i 32-bit integer, l 64-bit integer, f float.</summary>
    public static SortedDictionary<string, string> Read(string source)
    {
        string text = MacroText.Expand(source);
        var found = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (Match kernel in Kernel().Matches(text))
        {
            int open = kernel.Index + kernel.Length - 1, close = MacroText.Matching(text, open);
            if (text[(close + 1)..].TrimStart() is not ['{', ..])
                continue;   // a declaration
            string parameters = text[(open + 1)..close].Trim();
            found.Add(kernel.Groups[1].Value, parameters.Length == 0 ? "" : string.Concat(MacroText.Split(parameters).Select(Letter)));
        }

        return found;
    }

    /// <summary>One line for each difference; none where the table agrees with the sources.</summary>
    public static IReadOnlyList<string> Differences(IReadOnlyDictionary<string, string> source, IReadOnlyDictionary<string, string> table) =>
    [
        .. source.Where(kernel => !table.ContainsKey(kernel.Key)).Select(kernel => $"{kernel.Key}({kernel.Value}): not in the launch table"),
        .. table.Where(kernel => !source.ContainsKey(kernel.Key)).Select(kernel => $"{kernel.Key}: in the launch table, not in the sources"),
        .. source.Where(kernel => table.TryGetValue(kernel.Key, out string? letters) && letters != kernel.Value)
            .Select(kernel => $"{kernel.Key}: the sources say {kernel.Value}, the launch table {table[kernel.Key]}"),
    ];

    private static string Letter(string parameter) => parameter switch
    {
        _ when parameter.Contains('*') => "p",
        _ when Wide().IsMatch(parameter) => "l",
        _ when Narrow().IsMatch(parameter) => "i",
        _ when Float().IsMatch(parameter) => "f",
        _ => throw new FormatException($"parameter '{parameter.Trim()}': of a type that the launch table has no letter for"),
    };

    [GeneratedRegex(@"__global__\s+void\s+(?:__launch_bounds__\s*\([^()]*(?:\([^()]*\)[^()]*)*\)\s*)?(\w+)\s*\(")]
    private static partial Regex Kernel();

    [GeneratedRegex(@"\b(i64|u64|long long)\b")]
    private static partial Regex Wide();

    [GeneratedRegex(@"\b(int|u32|unsigned)\b")]
    private static partial Regex Narrow();

    [GeneratedRegex(@"\bfloat\b")]
    private static partial Regex Float();
}
