using System.Text.Json;
using Robustify.Native.Data.Images;

namespace Robustify.Cli.Tests;

/// <summary>The verb corrupt on a picture and on a folder.</summary>
public sealed class CorruptTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void PictureKeepsItsSizeAndChangesItsPixels()
    {
        string input = TinyData.WritePng(folder.PathOf("in.png"), 1), output = folder.PathOf("out.png");
        var call = Call.Succeeding("corrupt", input, output, "--corruption", "gaussian_noise", "--severity", "3");
        Assert.Equal($"1 picture written to {output}\n", call.Out.ReplaceLineEndings("\n"));
        Image8 before = Read(input), after = Read(output);
        Assert.Equal((before.Width, before.Height, before.Channels), (after.Width, after.Height, after.Channels));
        Assert.False(before.Pixels.SequenceEqual(after.Pixels));
    }

    [Fact]
    public void SeedDeterminesThePixels()
    {
        string input = TinyData.WritePng(folder.PathOf("in.png"), 1);
        byte[][] written = [.. new[] { "1", "1", "2" }.Select((seed, i) =>
        {
            string output = folder.PathOf($"out{i}.png");
            Call.Succeeding("corrupt", input, output, "--corruption", "shot_noise", "--severity", "5", "--seed", seed);
            return File.ReadAllBytes(output);
        })];
        Assert.Equal(written[0], written[1]);
        Assert.NotEqual(written[0], written[2]);
    }

    [Fact]
    public void FolderIsCopiedPathByPath()
    {
        for (int i = 0; i < 6; i++)
            TinyData.WritePng(folder.PathOf("in", $"class{i % 2}", $"{i}.png"), i);
        var call = Call.Succeeding(
            "corrupt", folder.PathOf("in"), folder.PathOf("out"), "--corruption", "brightness", "--severity", "2", "--format", "jpeg", "--workers", "2", "--json");
        Assert.Equal(6, JsonDocument.Parse(call.Out).RootElement.GetProperty("pictures").GetInt32());
        Assert.Equal(
            Enumerable.Range(0, 6).Select(i => Path.Combine($"class{i % 2}", $"{i}.jpg")).Order(StringComparer.Ordinal),
            Directory.GetFiles(folder.PathOf("out"), "*.jpg", SearchOption.AllDirectories).Select(f => Path.GetRelativePath(folder.PathOf("out"), f)).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void MissingInputIsRefused()
    {
        var call = Call.InProcess("corrupt", folder.PathOf("no.png"), folder.PathOf("out.png"), "--corruption", "contrast", "--severity", "1");
        Assert.Equal(2, call.Code);
        Assert.Contains("no such file or folder", Assert.Single(call.ErrorLines));
    }

    private static Image8 Read(string path)
    {
        var image = new Image8(1, 1, 1);
        ImageFile.Read(path, image, ImageFile.ChannelsAsStored);
        return image;
    }
}
