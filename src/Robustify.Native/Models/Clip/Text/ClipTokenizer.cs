using System.Globalization;
using System.Net;
using System.Text;
using Robustify.Kernels;
using Robustify.Native.Files;

namespace Robustify.Native.Models.Clip.Text;

/// <summary>
/// CLIP's byte-pair tokenizer: HTML entities resolved twice, lower case, cut at white space into words, numbers digit by digit and runs of
/// other characters, each merged by the vocabulary (openai/CLIP, clip/simple_tokenizer.py). The published code first repairs broken
/// encodings (ftfy), which this does not, and knows entities that HTML 5 added or that lack their semicolon. Not safe for several threads.
/// </summary>
public sealed class ClipTokenizer(ClipVocabulary vocabulary)
{
    private static readonly string[] Specials = ["<|startoftext|>", "<|endoftext|>"];
    private static readonly string[] Contractions = ["'s", "'t", "'re", "'ve", "'m", "'ll", "'d"];

    private readonly Dictionary<string, int[]> known = new(StringComparer.Ordinal);

    /// <summary>The vocabulary.</summary>
    public ClipVocabulary Vocabulary => vocabulary;

    /// <summary>The ids of a text's tokens, without those of start and end.</summary>
    /// <exception cref="RobustifyException">A character that the vocabulary cannot write, which the published one has none of.</exception>
    public int[] Encode(string text) => [.. Pieces(Clean(text)).SelectMany(Tokens)];

    /// <summary>
    /// Texts as a model takes them: start, tokens, end, zeros up to the context length; a text that is too long is cut and keeps its end.
    /// </summary>
    /// <param name="texts">The texts.</param>
    /// <param name="contextLength">Tokens of a text, start and end among them, at least 2.</param>
    /// <param name="cut">How many were too long.</param>
    /// <returns>Ids [texts x contextLength], and where each text ends, counted through all of them.</returns>
    public (int[] Tokens, int[] Ends) Encode(IReadOnlyList<string> texts, int contextLength, out int cut)
    {
        cut = 0;
        var tokens = new int[texts.Count * contextLength];
        var ends = new int[texts.Count];
        for (int n = 0; n < texts.Count; n++)
        {
            int[] ids = [vocabulary.Start, .. Encode(texts[n]), vocabulary.End];
            int length = Math.Min(ids.Length, contextLength);
            cut += ids.Length > contextLength ? 1 : 0;
            ids.AsSpan(0, length).CopyTo(tokens.AsSpan(n * contextLength));
            tokens[n * contextLength + length - 1] = vocabulary.End;
            // A model reads at the first of its largest ids: a text that holds the end's own name ends there.
            ends[n] = Array.IndexOf(tokens, vocabulary.End, n * contextLength, length);
        }

        return (tokens, ends);
    }

    private static string Clean(string text)
    {
        // Python's strip takes ASCII's four separators for white space, its \s does not: they vanish at the ends alone.
        string resolved = WebUtility.HtmlDecode(WebUtility.HtmlDecode(text));
        int first = 0, end = resolved.Length;
        while (first < end && IsStripped(resolved[first]))
            first++;
        while (end > first && IsStripped(resolved[end - 1]))
            end--;
        return LowerCase.Of(resolved[first..end]);

        static bool IsStripped(char c) => char.IsWhiteSpace(c) || c is >= '\u001C' and <= '\u001F';
    }

    /// <summary>Special tokens, contractions, words, single digits, runs of anything else; blanks only separate.</summary>
    private static IEnumerable<string> Pieces(string text)
    {
        for (int at = 0; at < text.Length;)
        {
            Kind kind = KindAt(text, at, out int length);
            if (kind != Kind.Blank && (StartsWith(Specials) ?? StartsWith(Contractions)) is { } whole)
            {
                yield return whole;
                at += whole.Length;
                continue;
            }

            int end = at + length;
            while (kind is Kind.Letter or Kind.Other && end < text.Length && KindAt(text, end, out length) == kind)
                end += length;
            if (kind != Kind.Blank)
                yield return text[at..end];
            at = end;

            string? StartsWith(string[] candidates) => Array.Find(candidates, c => string.CompareOrdinal(text, at, c, 0, c.Length) == 0);
        }
    }

    private static Kind KindAt(string text, int at, out int length)
    {
        // Half a surrogate pair is a character like any other, which UTF-8 then replaces.
        if (!Rune.TryGetRuneAt(text, at, out var rune))
            rune = Rune.ReplacementChar;
        length = Rune.TryGetRuneAt(text, at, out _) ? rune.Utf16SequenceLength : 1;
        if (Rune.IsWhiteSpace(rune))
            return Kind.Blank;
        return Rune.GetUnicodeCategory(rune) switch
        {
            UnicodeCategory.UppercaseLetter or UnicodeCategory.LowercaseLetter or UnicodeCategory.TitlecaseLetter or UnicodeCategory.ModifierLetter
                or UnicodeCategory.OtherLetter => Kind.Letter,
            UnicodeCategory.DecimalDigitNumber or UnicodeCategory.LetterNumber or UnicodeCategory.OtherNumber => Kind.Number,
            _ => Kind.Other,
        };
    }

    private int[] Tokens(string piece)
    {
        if (piece == Specials[0])
            return [vocabulary.Start];
        if (piece == Specials[1])
            return [vocabulary.End];
        if (!known.TryGetValue(piece, out int[]? tokens))
            known.Add(piece, tokens = Merge(piece));
        return tokens;
    }

    private int[] Merge(string piece)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(piece);
        var tokens = new List<int>(bytes.Length);
        for (int i = 0; i < bytes.Length; i++)
        {
            string unit = ByteUnits.Characters[bytes[i]] + (i == bytes.Length - 1 ? ClipVocabulary.EndOfWord : "");
            tokens.Add(vocabulary.TryGet(unit, out int id)
                ? id
                : throw new RobustifyException($"{vocabulary.Name}: cannot write '{OneLine.Of(piece)}', a vocabulary with all its characters expected"));
        }

        while (tokens.Count > 1 && Best(tokens, out int left, out int right, out int merged))
        {
            int write = 0;
            for (int read = 0; read < tokens.Count; read++, write++)
            {
                bool isPair = read + 1 < tokens.Count && tokens[read] == left && tokens[read + 1] == right;
                tokens[write] = isPair ? merged : tokens[read];
                read += isPair ? 1 : 0;
            }

            tokens.RemoveRange(write, tokens.Count - write);
        }

        return [.. tokens];
    }

    private bool Best(List<int> tokens, out int left, out int right, out int merged)
    {
        (left, right, merged) = (0, 0, 0);
        int best = int.MaxValue;
        for (int i = 0; i + 1 < tokens.Count; i++)
        {
            if (vocabulary.TryMerge(tokens[i], tokens[i + 1], out int rank, out int becomes) && rank < best)
                (best, left, right, merged) = (rank, tokens[i], tokens[i + 1], becomes);
        }

        return best < int.MaxValue;
    }

    private enum Kind
    {
        Blank,
        Letter,
        Number,
        Other,
    }
}
