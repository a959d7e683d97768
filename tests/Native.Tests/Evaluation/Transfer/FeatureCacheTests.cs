using Robustify.Native.Evaluation.Transfer;
using Robustify.Native.Tests.Data.Sources;

namespace Robustify.Native.Tests.Evaluation.Transfer;

public sealed class FeatureCacheTests : IDisposable
{
    private readonly TemporaryFolder folder = new();
    private readonly List<string> messages = [];
    private int computed;

    public void Dispose() => folder.Dispose();

    [Fact]
    public void TableIsComputedOnceForEachKey()
    {
        float[] first = Fill("a key");
        Assert.Equal(first, Fill("a key"));
        Assert.Equal(1, computed);
        Fill("another key");
        Assert.Equal(2, computed);
        Assert.Empty(messages);
        Assert.Equal(2, Directory.GetFiles(folder.PathOf("cache")).Length);
    }

    [Fact]
    public void OneChangedByteAnywhereIsFoundAndMended()
    {
        float[] expected = Fill("a key");
        string path = Directory.GetFiles(folder.PathOf("cache")).Single();
        byte[] good = File.ReadAllBytes(path);
        for (int at = 0; at < good.Length; at += 11)
        {
            byte[] bad = [.. good];
            bad[at] ^= 0x10;
            File.WriteAllBytes(path, bad);
            (computed, int told) = (0, messages.Count);
            Assert.Equal(expected, Fill("a key"));
            Assert.Equal(1, computed);
            Assert.Contains(path, messages[told]);
            Assert.Equal(good, File.ReadAllBytes(path));
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(30)]
    [InlineData(-1)]
    public void FileOfAnotherLengthIsComputedAgain(int length)
    {
        float[] expected = Fill("a key");
        string path = Directory.GetFiles(folder.PathOf("cache")).Single();
        byte[] good = File.ReadAllBytes(path);
        File.WriteAllBytes(path, length < 0 ? [.. good, 0] : good[..length]);
        Assert.Equal(expected, Fill("a key"));
        Assert.Equal(2, computed);
    }

    private float[] Fill(string key)
    {
        using var table = new FeatureTable(5, 3, 2);
        new FeatureCache(folder.PathOf("cache"), messages.Add).Fill(key, table, t =>
        {
            computed++;
            for (int i = 0; i < 30; i++)
                t.Row(i / 6)[i % 6] = i + key.Length;
        });
        return [.. Enumerable.Range(0, 5).SelectMany(r => table.Row(r).ToArray())];
    }
}
