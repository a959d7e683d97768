using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Robustify.Kernels;
using Robustify.Native.Files;

namespace Robustify.Native.Models.Clip.Text;

/// <summary>
/// A byte-pair vocabulary: the ids of tokens and which neighbours merge first (Sennrich et al., arXiv 1508.07909). It is read from CLIP's
/// published list of merges (<c>bpe_simple_vocab_16e6.txt</c>, packed or not), or from Hugging Face's <c>vocab.json</c> with
/// <c>merges.txt</c> beside it or its <c>tokenizer.json</c>.
/// </summary>
public sealed class ClipVocabulary
{
    /// <summary>Marks a token that ends a word.</summary>
    internal const string EndOfWord = "</w>";

    private const string StartOfText = "<|startoftext|>";
    private const string EndOfText = "<|endoftext|>";
    private const string JsonName = "vocab.json";
    private const string MergesName = "merges.txt";
    private const string TokenizerName = "tokenizer.json";
    private const string PublishedName = "bpe_simple_vocab_16e6.txt.gz";

    // The published list is longer than the vocabulary made of it: 49152 - 256 - 2 merges count.
    private const int PublishedMerges = 48894;
    private const int MaxBytes = 1 << 25;

    private readonly Dictionary<string, int> ids;
    private readonly Dictionary<(int Left, int Right), (int Rank, int Merged)> merges = [];

    private ClipVocabulary(string name, Dictionary<string, int> ids, IReadOnlyList<(string Left, string Right)> pairs, byte[] digest)
    {
        (Name, this.ids, Digest) = (name, ids, digest);
        Start = Special(StartOfText);
        End = Special(EndOfText);
        Size = ids.Values.Max() + 1;
        for (int rank = 0; rank < pairs.Count; rank++)
        {
            var (left, right) = pairs[rank];
            if (!ids.TryGetValue(left, out int first) || !ids.TryGetValue(right, out int second) || !ids.TryGetValue(left + right, out int merged))
                throw new RobustifyException($"{name}: merge {rank + 1} ('{OneLine.Of(left)}' with '{OneLine.Of(right)}') has tokens without ids; use files that belong together");
            merges.TryAdd((first, second), (rank, merged));
        }

        var made = merges.Values.Select(m => m.Merged).ToHashSet();
        if (ids.FirstOrDefault(e => !made.Contains(e.Value) && NeedsMerge(e.Key)).Key is { } orphan)
            throw new RobustifyException($"{name}: no merge makes token '{OneLine.Of(orphan)}'; use the whole list of merges that belongs to the vocabulary");
    }

    /// <summary>The file as messages show it.</summary>
    public string Name { get; }

    /// <summary>Ids are below this.</summary>
    public int Size { get; }

    /// <summary>Id of the token before every text.</summary>
    public int Start { get; }

    /// <summary>Id of the token behind every text; the largest of all, which is how a model finds the end.</summary>
    public int End { get; }

    /// <summary>SHA-256 of what it was read from.</summary>
    public IReadOnlyList<byte> Digest { get; }

    /// <summary>The published vocabulary, which the program carries.</summary>
    public static ClipVocabulary Published()
    {
        using var stream = typeof(ClipVocabulary).Assembly.GetManifestResourceStream(PublishedName)!;
        using var memory = new MemoryStream();
        stream.CopyTo(memory);
        return FromMerges(PublishedName, memory.ToArray());
    }

    /// <summary>The vocabulary beside a checkpoint: <c>vocab.json</c>, <c>tokenizer.json</c> or the published list; null where none lies there.</summary>
    public static ClipVocabulary? Beside(string checkpoint)
    {
        string folder = Directory.Exists(checkpoint) ? checkpoint : Path.GetDirectoryName(Path.GetFullPath(checkpoint))!;
        return InFolder(folder) is { } file ? Open(file) : null;
    }

    /// <summary>Reads a vocabulary.</summary>
    /// <param name="path">A list of merges, packed or not, a <c>vocab.json</c>, a <c>tokenizer.json</c>, or a folder that holds one of them.</param>
    /// <exception cref="RobustifyException">It cannot be read or is no such file.</exception>
    public static ClipVocabulary Open(string path)
    {
        if (Directory.Exists(path))
            path = InFolder(path) ?? throw new RobustifyException($"{OneLine.Of(path, 400)}: holds none of {JsonName}, {TokenizerName} and {PublishedName}, one of them expected");
        byte[] bytes = Read(path);
        if (!path.EndsWith(".json", StringComparison.OrdinalIgnoreCase))
            return FromMerges(OneLine.Of(path, 400), bytes);
        return FromJson(OneLine.Of(path, 400), bytes, Path.Combine(Path.GetDirectoryName(Path.GetFullPath(path))!, MergesName));
    }

    /// <summary>Id of a token; false where the vocabulary has none.</summary>
    internal bool TryGet(string token, out int id) => ids.TryGetValue(token, out id);

    /// <summary>What two neighbouring tokens become, and how early.</summary>
    internal bool TryMerge(int left, int right, out int rank, out int merged)
    {
        bool isKnown = merges.TryGetValue((left, right), out var found);
        (rank, merged) = found;
        return isKnown;
    }

    private static string? InFolder(string folder) =>
        new[] { JsonName, TokenizerName, PublishedName, Path.ChangeExtension(PublishedName, null) }.Select(name => Path.Combine(folder, name)).FirstOrDefault(File.Exists);

    private static ClipVocabulary FromMerges(string name, byte[] bytes)
    {
        var pairs = Pairs(name, Text(name, bytes)).Take(PublishedMerges).ToArray();
        if (pairs.Length == 0)
            throw new RobustifyException($"{name}: holds no merges, a list of byte-pair merges expected; use the published vocabulary");
        var ids = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (string suffix in (ReadOnlySpan<string>)["", EndOfWord])
        {
            foreach (byte value in ByteUnits.Ordered)
                ids.Add(ByteUnits.Characters[value] + suffix, ids.Count);
        }

        foreach (var (left, right) in pairs)
        {
            if (!ids.TryAdd(left + right, ids.Count))
                throw new RobustifyException($"{name}: '{OneLine.Of(left + right)}' is made twice, once expected; use the published vocabulary");
        }

        ids.Add(StartOfText, ids.Count);
        ids.Add(EndOfText, ids.Count);
        return new(name, ids, pairs, SHA256.HashData(bytes));
    }

    // A vocab.json is an object of tokens and ids; a tokenizer.json has one within, and the merges beside it.
    private static ClipVocabulary FromJson(string name, byte[] json, string mergesPath)
    {
        var ids = new Dictionary<string, int>(StringComparer.Ordinal);
        try
        {
            using var document = JsonDocument.Parse(json);
            var root = document.RootElement;
            bool isTokenizer = root.TryGetProperty("model", out var model) && model.ValueKind == JsonValueKind.Object;
            foreach (var entry in (isTokenizer ? model.GetProperty("vocab") : root).EnumerateObject())
            {
                if (!entry.Value.TryGetInt32(out int id) || id is < 0 or > 1 << 24 || !ids.TryAdd(entry.Name, id))
                    throw new RobustifyException($"{name}: token '{OneLine.Of(entry.Name)}' has no id of its own, a number from 0 on expected");
            }

            if (isTokenizer)
                return new(name, ids, [.. Pairs(name, string.Join('\n', model.GetProperty("merges").EnumerateArray().Select(Line)))], SHA256.HashData(json));
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or KeyNotFoundException)
        {
            throw new RobustifyException($"{name}: is no JSON object of tokens and ids ({OneLine.Of(e.Message)}); use the {JsonName} or {TokenizerName} of the checkpoint", e);
        }

        byte[] merges = Read(mergesPath);
        return new(name, ids, [.. Pairs(OneLine.Of(mergesPath, 400), Text(mergesPath, merges))], SHA256.HashData([.. SHA256.HashData(json), .. SHA256.HashData(merges)]));

        // "a b", or ["a", "b"] since tokenizers 0.20.
        static string Line(JsonElement merge) => merge.ValueKind == JsonValueKind.Array ? string.Join(' ', merge.EnumerateArray().Select(t => t.GetString())) : merge.GetString()!;
    }

    // The first line is the file's own name and version.
    private static IEnumerable<(string Left, string Right)> Pairs(string name, string text)
    {
        int number = 0;
        foreach (string line in text.Split('\n').Select(l => l.TrimEnd('\r')))
        {
            number++;
            if (line.Length == 0 || (number == 1 && line.Contains("#version", StringComparison.Ordinal)))
                continue;
            string[] parts = line.Split(' ');
            yield return parts is [{ Length: > 0 } left, { Length: > 0 } right]
                ? (left, right)
                : throw new RobustifyException($"{name}: line {number} is '{OneLine.Of(line)}', two tokens with a blank between expected; use a list of byte-pair merges");
        }
    }

    private static string Text(string name, byte[] bytes)
    {
        try
        {
            if (bytes is [0x1F, 0x8B, ..])
            {
                using var unpacked = new GZipStream(new MemoryStream(bytes), CompressionMode.Decompress);
                bytes = UpTo(name, unpacked);
            }

            return new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(bytes);
        }
        catch (Exception e) when (e is InvalidDataException or ArgumentException)
        {
            throw new RobustifyException($"{name}: is no text, packed or not ({OneLine.Of(e.Message)}); use a list of byte-pair merges", e);
        }
    }

    private static byte[] Read(string path)
    {
        string shown = OneLine.Of(path, 400);
        try
        {
            using var stream = File.OpenRead(path);
            return UpTo(shown, stream);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            throw new RobustifyException($"{shown}: cannot be read ({OneLine.Of(e.Message)}); name a vocabulary with --vocabulary", e);
        }
    }

    private static byte[] UpTo(string name, Stream stream)
    {
        using var memory = new MemoryStream();
        var block = new byte[1 << 16];
        for (int count; (count = stream.Read(block)) > 0;)
        {
            memory.Write(block, 0, count);
            if (memory.Length > MaxBytes)
                throw new RobustifyException($"{name}: more than {MaxBytes} bytes found, a vocabulary expected");
        }

        return memory.ToArray();
    }

    // One character, with or without the mark, is a byte; names in brackets stand for no text.
    private static bool NeedsMerge(string token) =>
        token[..^(token.EndsWith(EndOfWord, StringComparison.Ordinal) ? EndOfWord.Length : 0)].Length > 1 && token[0] is not ('<' or '[');

    private int Special(string token) => ids.TryGetValue(token, out int id)
        ? id
        : throw new RobustifyException($"{Name}: has no token '{token}', a vocabulary of CLIP expected");
}
