using Robustify.Kernels;
using Robustify.Native.Data.Images;
using Robustify.Native.Data.Sources;
using Robustify.Native.Files;
using Robustify.Native.Models.Checkpoints;
using Robustify.Native.Tests.Data.Images;

namespace Robustify.Native.Tests.Data.Sources;

/// <summary>Data sets and model caches of symbolic links: a link's own length, that of the path in it, says nothing of the file.</summary>
public sealed class LinkedFileTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void APictureIsReadThroughLinks()
    {
        var picture = TestImages.Gradient(40, 30, 3);
        ImageFile.Write(folder.PathOf("picture.png"), picture, ImageEncoding.Png);
        Link("first.png", "picture.png");
        Link("second.png", "first.png");
        var read = new Image8(1, 1, 1);
        ImageFile.Read(folder.PathOf("second.png"), read, 3);
        Assert.Equal(picture.Pixels.ToArray(), read.Pixels.ToArray());
        Assert.Equal(new FileInfo(folder.PathOf("picture.png")).Length, FileLength.Of(folder.PathOf("second.png")));
    }

    [Fact]
    public void DataAndCheckpointsAreReadThroughLinksOfFewLetters()
    {
        byte[] images = IdxBytes.File(IdxBytes.Ramp(4 * 3 * 5), 4, 3, 5), labels = IdxBytes.File([3, 0, 9, 1], 4);
        using var stored = new TemporaryFolder();
        IdxBytes.Write(stored, images, labels, gzip: false);
        File.Move(stored.PathOf("train-images-idx3-ubyte"), folder.PathOf("i"));
        File.Move(stored.PathOf("train-labels-idx1-ubyte"), folder.PathOf("l"));
        Link("train-images-idx3-ubyte", "i");
        Link("train-labels-idx1-ubyte", "l");
        Assert.Equal(4, new IdxSource(folder.Root, DataPart.Train).Count);

        folder.Write("m", [2, 0, 0, 0, 0, 0, 0, 0, (byte)'{', (byte)'}']);
        Link("model.safetensors", "m");
        using var checkpoint = SafetensorsFile.Open(folder.PathOf("model.safetensors"));
        Assert.Empty(checkpoint.Names);
    }

    [Fact]
    public void LinksThatLeadNowhereOrInACircleAreRefusedInOneLine()
    {
        Link("nowhere.png", "missing.png");
        Link("one.png", "other.png");
        Link("other.png", "one.png");
        foreach (string name in (string[])["nowhere.png", "one.png"])
        {
            string path = folder.PathOf(name);
            var refused = Assert.Throws<RobustifyException>(() => ImageFile.Read(path, new Image8(1, 1, 1), 3));
            Assert.StartsWith($"{path}: cannot be read (", refused.Message, StringComparison.Ordinal);
            Assert.DoesNotContain('\n', refused.Message);
        }
    }

    private void Link(string name, string target) => File.CreateSymbolicLink(folder.PathOf(name), target);
}
