using Robustify.Kernels;
using Robustify.Native.Data.Images;
using Robustify.Native.Data.Sources;
using SkiaSharp;

namespace Robustify.Native.Tests.Data.Sources;

public class FolderSourceTests
{
    private static byte[] Picture(SKColor color, SKEncodedImageFormat format)
    {
        using var bitmap = new SKBitmap(4, 3, SKColorType.Rgba8888, SKAlphaType.Opaque);
        bitmap.Erase(color);
        using var data = bitmap.Encode(format, 100);
        return data.ToArray();
    }

    private static byte[] Png(byte red = 10, byte green = 20, byte blue = 30) =>
        Picture(new SKColor(red, green, blue), SKEncodedImageFormat.Png);

    [Fact]
    public void ClassesAndPicturesAreInOrdinalOrder()
    {
        using var folder = new TemporaryFolder();
        foreach (string name in new[] { "zebra/2.png", "Zebra/1.png", "ant/b.PNG", "ant/a10.png", "ant/a9.png", "ant/B.png" })
            folder.Write(name, Png());
        folder.Write("ant/notes.txt", [1]);
        folder.Write("ant/.hidden.png", Png());
        folder.Write(".tool/x.png", Png());
        var source = new FolderSource(folder.Root, DataPart.Train);
        Assert.Equal(["Zebra", "ant", "zebra"], source.ClassNames);
        Assert.Equal(["Zebra/1.png", "ant/B.png", "ant/a10.png", "ant/a9.png", "ant/b.PNG", "zebra/2.png"],
            Enumerable.Range(0, source.Count).Select(index => Path.GetRelativePath(folder.Root, source.PathOf(index))));
        Assert.Equal([0, 1, 1, 1, 1, 2], Enumerable.Range(0, source.Count).Select(source.Label));
    }

    [Fact]
    public void PngJpegAndWebpAreDecodedAsRgb()
    {
        using var folder = new TemporaryFolder();
        var color = new SKColor(200, 60, 90);
        folder.Write("c/1.png", Picture(color, SKEncodedImageFormat.Png));
        folder.Write("c/2.jpg", Picture(color, SKEncodedImageFormat.Jpeg));
        folder.Write("c/3.JPEG", Picture(color, SKEncodedImageFormat.Jpeg));
        folder.Write("c/4.webp", Picture(color, SKEncodedImageFormat.Webp));
        var source = new FolderSource(folder.Root, DataPart.Test);
        var image = new Image8(1, 1, 1);
        Assert.Equal(4, source.Count);
        for (int index = 0; index < 4; index++)
        {
            source.Read(index, image);
            Assert.Equal((4, 3, 3), (image.Width, image.Height, image.Channels));
            // One colour at quality 100: JPEG's and WebP's colour conversions round by a few levels.
            Assert.InRange(image.Pixels[0], 196, 204);
            Assert.InRange(image.Pixels[1], 56, 64);
            Assert.InRange(image.Pixels[2], 86, 94);
        }
    }

    [Fact]
    public void PartsComeFromTheirFolders()
    {
        using var folder = new TemporaryFolder();
        foreach (string name in new[] { "train/a/1.png", "train/b/2.png", "val/a/3.png", "val/b/4.png" })
            folder.Write(name, Png());
        var train = new FolderSource(folder.Root, DataPart.Train);
        var validation = new FolderSource(folder.Root, DataPart.Test);
        Assert.Equal((folder.PathOf("train/a/1.png"), folder.PathOf("val/a/3.png")), (train.PathOf(0), validation.PathOf(0)));
        Assert.False(train.IsUndivided);

        folder.Write("test/unlabelled.png", Png()); // as ImageNet's
        Assert.Equal(folder.PathOf("val/a/3.png"), new FolderSource(folder.Root, DataPart.Test).PathOf(0));
        folder.Write("test/a/5.png", Png());
        Assert.Equal(folder.PathOf("test/a/5.png"), new FolderSource(folder.Root, DataPart.Test).PathOf(0));
    }

    [Fact]
    public void LabelsOfTheTestPartFollowTheTrainingClasses()
    {
        using var folder = new TemporaryFolder();
        foreach (string name in new[] { "train/a/1.png", "train/b/2.png", "train/c/3.png", "test/c/4.png" })
            folder.Write(name, Png());
        var test = new FolderSource(folder.Root, DataPart.Test);
        Assert.Equal((3, 2), (test.ClassNames.Count, test.Label(0)));
        folder.Write("test/d/5.png", Png());
        Refusal.Of(() => new FolderSource(folder.Root, DataPart.Test), folder.PathOf("test/d"), "train");
    }

    [Fact]
    public void ClassCalledTrainIsAClass()
    {
        using var folder = new TemporaryFolder();
        folder.Write("bus/1.png", Png());
        folder.Write("train/2.png", Png());
        var source = new FolderSource(folder.Root, DataPart.Train);
        Assert.True(source.IsUndivided);
        Assert.Equal(["bus", "train"], source.ClassNames);
    }

    [Fact]
    public void FoldersThatHoldNoSetAreRefused()
    {
        using var folder = new TemporaryFolder();
        Refusal.Of(() => new FolderSource(folder.PathOf("absent"), DataPart.Train), "absent", "no such folder");
        Refusal.Of(() => new FolderSource(folder.Root, DataPart.Train), folder.Root, "no class folders");
        folder.Write("train/1.png", Png());
        Refusal.Of(() => new FolderSource(folder.Root, DataPart.Train), folder.PathOf("train"), "no class folders");
        Refusal.Of(() => new FolderSource(folder.Root, DataPart.Test), folder.Root, "test or val expected");
    }

    [Fact]
    public void ClassFoldersWithoutPicturesAreListed()
    {
        using var folder = new TemporaryFolder();
        folder.Write("full/1.png", Png());
        folder.Write("text only/readme.txt", [1]);
        for (int i = 0; i < 7; i++)
            Directory.CreateDirectory(folder.PathOf($"empty{i}"));
        Refusal.Of(() => new FolderSource(folder.Root, DataPart.Train), folder.Root, "empty0, empty1, empty2, empty3, empty4", "3 more");
    }

    [Fact]
    public void UnreadablePictureIsNamedWhenReadAndNotBefore()
    {
        using var folder = new TemporaryFolder();
        folder.Write("c/bad.png", Png()[..20]);
        folder.Write("c/empty.png", []);
        folder.Write("c/text.jpg", "no picture"u8.ToArray());
        File.CreateSymbolicLink(folder.PathOf("c/gone.png"), folder.PathOf("nowhere"));
        var source = new FolderSource(folder.Root, DataPart.Train);
        Assert.Equal(4, source.Count);
        for (int index = 0; index < 4; index++)
        {
            int read = index;
            var refused = Assert.ThrowsAny<RobustifyException>(() => source.Read(read, new Image8(1, 1, 3)));
            Assert.Contains(Path.GetFileName(source.PathOf(index)), refused.Message);
            Assert.DoesNotContain('\n', refused.Message);
        }
    }
}
