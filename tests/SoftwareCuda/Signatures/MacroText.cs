using System.Text;
using System.Text.RegularExpressions;

namespace Robustify.SoftwareCuda.Tests.Signatures;

/// <summary>
/// Expands the function-like macros that the kernel sections define for themselves, so that kernels made by a macro are there to be read
/// without a compiler. Knows parameters and <c>##</c>; nothing else is used there.
/// </summary>
internal static partial class MacroText
{
    private sealed record Macro(string Name, string[] Parameters, string Body);

    public static string Expand(string source)
    {
        string joined = Comment().Replace(source, "").Replace("\\\n", " ");
        var macros = Definition().Matches(joined)
            .Select(match => new Macro(match.Groups[1].Value, [.. match.Groups[2].Value.Split(',').Select(name => name.Trim())], match.Groups[3].Value)).ToList();
        string text = Directive().Replace(joined, "");
        for (bool changed = true; changed;)
        {
            changed = false;
            foreach (var macro in macros)
                changed |= ExpandOne(ref text, macro);
        }

        return text;
    }

    private static bool ExpandOne(ref string text, Macro macro)
    {
        var expanded = new StringBuilder();
        int from = 0;
        foreach (Match use in Regex.Matches(text, $@"\b{macro.Name}\s*\("))
        {
            if (use.Index < from)
                continue;
            int open = use.Index + use.Length - 1, close = Matching(text, open);
            string[] arguments = Split(text[(open + 1)..close]);
            string body = macro.Body;
            for (int i = 0; i < macro.Parameters.Length; i++)
                body = Regex.Replace(body, $@"\b{macro.Parameters[i]}\b", arguments[i].Trim().Replace("$", "$$"));
            expanded.Append(text, from, use.Index - from).Append(Paste().Replace(body, ""));
            from = close + 1;
        }

        if (from == 0)
            return false;
        text = expanded.Append(text, from, text.Length - from).ToString();
        return true;
    }

    /// <summary>The bracket that closes the one at <paramref name="open"/>.</summary>
    public static int Matching(string text, int open)
    {
        for (int i = open, depth = 0; i < text.Length; i++)
        {
            if (text[i] == '(')
                depth++;
            else if (text[i] == ')' && --depth == 0)
                return i;
        }

        throw new FormatException($"no end of brackets: {text.AsSpan(open, Math.Min(80, text.Length - open))}");
    }

    /// <summary>At commas outside of brackets; <c>##</c> stands between words, so template brackets count as well.</summary>
    public static string[] Split(string text)
    {
        var parts = new List<string>();
        int depth = 0, from = 0;
        for (int i = 0; i < text.Length; i++)
        {
            if (text[i] is '(' or '<' or '[')
                depth++;
            else if (text[i] is ')' or '>' or ']')
                depth--;
            else if (text[i] == ',' && depth == 0)
            {
                parts.Add(text[from..i]);
                from = i + 1;
            }
        }

        parts.Add(text[from..]);
        return [.. parts];
    }

    [GeneratedRegex(@"//[^\n]*")]
    private static partial Regex Comment();

    [GeneratedRegex(@"^#define[ \t]+(\w+)\(([^)]*)\)([^\n]*)$", RegexOptions.Multiline)]
    private static partial Regex Definition();

    [GeneratedRegex(@"^#[^\n]*$", RegexOptions.Multiline)]
    private static partial Regex Directive();

    [GeneratedRegex(@"\s*##\s*")]
    private static partial Regex Paste();
}
