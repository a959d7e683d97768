using System.Globalization;
using System.Text;

namespace Robustify.Native.Models.Clip.Text;

/// <summary>
/// Lower case by the Unicode standard's full mapping (section 3.13, table 3-17), as Python's <c>str.lower</c> does it: beside the simple mapping of
/// the framework, İ becomes two characters and a capital sigma at the end of a word becomes ς.
/// </summary>
internal static class LowerCase
{
    private const char CapitalSigma = 'Σ', FinalSigma = 'ς';

    // Of the word-break classes MidLetter, MidNumLet and Single_Quote, which are case-ignorable by definition D136.
    private const string MiddleOfWords = "'.:\u00B7\u0387\u055F\u05F4\u2018\u2019\u2024\u2027\uFE13\uFE52\uFE55\uFF07\uFF0E\uFF1A";

    /// <summary>The text in lower case.</summary>
    public static string Of(string text)
    {
        char[]? sigmas = null;
        for (int at = text.IndexOf(CapitalSigma, StringComparison.Ordinal); at >= 0; at = text.IndexOf(CapitalSigma, at + 1))
        {
            if (IsCased(text[..at].EnumerateRunes().Reverse()) && !IsCased(text[(at + 1)..].EnumerateRunes()))
                (sigmas ??= text.ToCharArray())[at] = FinalSigma;
        }

        return (sigmas is null ? text : new string(sigmas)).Replace("İ", "i\u0307", StringComparison.Ordinal).ToLowerInvariant();
    }

    /// <summary>Whether the first that counts has a case.</summary>
    private static bool IsCased(IEnumerable<Rune> runes) =>
        runes.SkipWhile(IsIgnorable).Take(1).Any(r => Rune.GetUnicodeCategory(r) <= UnicodeCategory.TitlecaseLetter);

    private static bool IsIgnorable(Rune rune) =>
        Rune.GetUnicodeCategory(rune) is UnicodeCategory.NonSpacingMark or UnicodeCategory.EnclosingMark or UnicodeCategory.Format
            or UnicodeCategory.ModifierLetter or UnicodeCategory.ModifierSymbol
        || (rune.IsBmp && MiddleOfWords.Contains((char)rune.Value, StringComparison.Ordinal));
}
