using System.Text.Json;
using Robustify.Kernels;
using Robustify.Native.Models.Clip.Text;
using Robustify.Native.Tests.Golden;
using Robustify.Native.Tests.Models.Checkpoints;

namespace Robustify.Native.Tests.Models.Clip;

/// <summary>Texts against the ids that the published tokenizer gives, and what is refused.</summary>
[Trait("Category", "Golden")]
public sealed class ClipTokenizerTests
{
    private static readonly ClipTokenizer Published = new(ClipVocabulary.Published());

    [Fact]
    public void EveryRecordedTextHasTheRecordedIds()
    {
        var recorded = GoldenData.Json("tokenizer", "cases.json");
        Assert.Equal(recorded.GetProperty("vocabulary").GetInt32(), Published.Vocabulary.Size);
        Assert.Equal(recorded.GetProperty("start").GetInt32(), Published.Vocabulary.Start);
        Assert.Equal(recorded.GetProperty("end").GetInt32(), Published.Vocabulary.End);
        var cases = recorded.GetProperty("cases").EnumerateArray().ToArray();
        Assert.NotEmpty(cases);
        foreach (var entry in cases)
        {
            string text = entry.GetProperty("text").GetString()!;
            int[] expected = [.. entry.GetProperty("tokens").EnumerateArray().Select(t => t.GetInt32())];
            Assert.True(expected.SequenceEqual(Published.Encode(text)), $"'{text}': {string.Join(" ", Published.Encode(text))}, expected {string.Join(" ", expected)}");
        }
    }

    [Fact]
    public void TextsArePaddedWithZerosAndCutWithTheirEndKept()
    {
        int start = Published.Vocabulary.Start, end = Published.Vocabulary.End;
        var (tokens, ends) = Published.Encode(["a cat", "word word word word word word", ""], 5, out int cut);
        Assert.Equal([start, 320, 2368, end, 0, start, 2653, 2653, 2653, end, start, end, 0, 0, 0], tokens);
        Assert.Equal([3, 9, 11], ends);
        Assert.Equal(1, cut);
    }

    [Fact]
    public void HuggingFacesFilesGiveTheSameIds()
    {
        using var folder = new TemporaryFolder();
        Write(folder, ["l o", "lo w</w>"]);
        var tokenizer = new ClipTokenizer(ClipVocabulary.Open(folder.File("vocab.json")));
        Assert.Equal(tokenizer.Encode("Low lo ow"), new ClipTokenizer(ClipVocabulary.Beside(folder.File("model.safetensors"))!).Encode("low lo ow"));
        Assert.Equal([60, 11, 40, 14, 48], tokenizer.Encode("Low lo ow"));
        foreach (string merges in (string[])["\"l o\",\"lo w</w>\"", "[\"l\",\"o\"],[\"lo\",\"w</w>\"]"])
        {
            File.WriteAllText(folder.File("tokenizer.json"), $"{{\"model\":{{\"vocab\":{File.ReadAllText(folder.File("vocab.json"))},\"merges\":[{merges}]}}}}");
            Assert.Equal(tokenizer.Encode("Low lo ow"), new ClipTokenizer(ClipVocabulary.Open(folder.File("tokenizer.json"))).Encode("Low lo ow"));
        }

        var refused = Assert.Throws<RobustifyException>(() => tokenizer.Encode("low 1"));
        Assert.Contains("cannot write '1'", refused.Message, StringComparison.Ordinal);
    }

    // Ids by the published algorithm in Python with its regex module: lower case as str.lower has it, white space as str.strip and \\s have it.
    [Theory]
    [InlineData("\u039F\u0394\u039F\u03A3", 138, 123, 138, 112, 138, 123, 139, 480)]
    [InlineData("\u0391\u03A3 \u0392", 138, 109, 139, 480, 138, 366)]
    [InlineData("\u03A3\u03A3", 139, 225, 139, 480)]
    [InlineData("\u0391\u03A3\u0391\u03A3", 138, 109, 139, 225, 138, 109, 139, 480)]
    [InlineData("a \u0130 b", 320, 328, 16384, 321)]
    [InlineData("\u001E...-", 3002, 268)]
    [InlineData("C#a1b2  \b\u001D\u00C5", 322, 258, 320, 272, 321, 273, 196, 473, 127, 354)]
    public void LowerCaseAndWhiteSpaceAreThePublishedOnes(string text, params int[] expected) => Assert.Equal(expected, Published.Encode(text));

    [Theory]
    [InlineData("vocab.json", "[1, 2]", "no JSON object")]
    [InlineData("vocab.json", "{\"a\": -1}", "has no id of its own")]
    [InlineData("vocab.json", "{\"a\": 1", "no JSON object")]
    [InlineData("vocab.json", "{\"a\": 0}", "has no token '<|startoftext|>'")]
    [InlineData("merges.txt", "", "no merge makes token 'lo'")]
    [InlineData("merges.txt", "l o w", "two tokens with a blank between expected")]
    [InlineData("merges.txt", "l zz", "has tokens without ids")]
    [InlineData("bpe.txt", "not  packed", "two tokens with a blank")]
    [InlineData("bpe.txt", "l o\nl o", "is made twice")]
    public void ADamagedVocabularyIsRefusedInOneLine(string file, string content, string reason)
    {
        using var folder = new TemporaryFolder();
        Write(folder, ["l o"]);
        File.WriteAllText(folder.File(file), content);
        string opened = file == "merges.txt" ? "vocab.json" : file;
        var refused = Assert.Throws<RobustifyException>(() => ClipVocabulary.Open(folder.File(opened)));
        Assert.Contains(reason, refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', refused.Message);
    }

    [Fact]
    public void AMissingOrTruncatedFileIsRefused()
    {
        using var folder = new TemporaryFolder();
        Assert.Throws<RobustifyException>(() => ClipVocabulary.Open(folder.File("none.txt")));
        File.WriteAllBytes(folder.File("cut.txt.gz"), [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 3, 1, 2, 3]);
        Assert.Throws<RobustifyException>(() => ClipVocabulary.Open(folder.File("cut.txt.gz")));
    }

    /// <summary>A vocabulary of 64: letters inside and at the end of words, what is given merged, start and end.</summary>
    internal static void Write(TemporaryFolder folder, string[] merges) => Write(folder.File("."), merges);

    /// <inheritdoc cref="Write(TemporaryFolder, string[])"/>
    internal static void Write(string folder, string[] merges)
    {
        var ids = new Dictionary<string, int>();
        foreach (string suffix in (string[])["", "</w>"])
            for (char letter = 'a'; letter <= 'z'; letter++)
                ids.Add(letter + suffix, ids.Count);
        ids.Add(".</w>", 52);
        for (int i = 0; i < merges.Length; i++)
            ids.Add(merges[i].Replace(" ", "", StringComparison.Ordinal), 59 + i);
        ids.Add("<|startoftext|>", 62);
        ids.Add("<|endoftext|>", 63);
        File.WriteAllText(Path.Combine(folder, "vocab.json"), "{" + string.Join(",", ids.Select(e => $"\"{JsonEncodedText.Encode(e.Key)}\":{e.Value}")) + "}");
        File.WriteAllText(Path.Combine(folder, "merges.txt"), "#version: 0.2\n" + string.Join("\n", merges) + "\n");
    }
}
