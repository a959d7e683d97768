using Robustify.Kernels;
using Robustify.Native.Corruptions;
using Robustify.Native.Corruptions.Jobs;
using Robustify.Native.Data.Images;
using Robustify.Native.Tests.Data.Images;

namespace Robustify.Native.Tests.Corruptions;

public sealed class CorruptionJobTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("robustify-corrupt-").FullName;

    private string Input => Path.Combine(folder, "in");

    private string Output => Path.Combine(folder, "out");

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public void TheBytesDependOnTheSeedAndNotOnTheWorkers()
    {
        MakeInput();
        Assert.Equal(6, CorruptionJob.Run(Options() with { Workers = 1, Output = Output + "1" }).Written);
        Assert.Equal(6, CorruptionJob.Run(Options() with { Workers = 2, Output = Output + "2" }).Written);
        Assert.Equal(6, CorruptionJob.Run(Options() with { Workers = 2, Output = Output + "3", Seed = 4 }).Written);
        string[] files = Files(Output + "1");
        Assert.Equal(["a/0.png", "a/1.png", "a/2.png", "b/0.png", "b/1.png", "b/2.png"], files);
        foreach (string file in files)
        {
            byte[] first = File.ReadAllBytes(Path.Combine(Output + "1", file));
            Assert.Equal(first, File.ReadAllBytes(Path.Combine(Output + "2", file)));
            Assert.NotEqual(first, File.ReadAllBytes(Path.Combine(Output + "3", file)));
        }
    }

    [Fact]
    public void ThePicturesAreThoseOfTheLibraryUnderTheRankOfTheirPath()
    {
        MakeInput();
        CorruptionJob.Run(Options());
        Image8 clean = new(1, 1, 1), expected = new(1, 1, 1), written = new(1, 1, 1);
        ImageFile.Read(Path.Combine(Input, "b", "1.png"), clean, 3);
        var corruption = CorruptionCatalog.Find("gaussian_noise");
        corruption.Apply(clean, expected, 3, CorruptionSeed.Stream(3, corruption, 3, sample: 4), new CorruptionScratch());
        ImageFile.Read(Path.Combine(Output, "b", "1.png"), written, 3);
        Assert.Equal(expected.Pixels.ToArray(), written.Pixels.ToArray());
    }

    [Fact]
    public void ProgressCountsEveryPictureOnce()
    {
        MakeInput();
        var seen = new List<(int, int)>();
        CorruptionJob.Run(Options() with { Workers = 2 }, (done, total) => seen.Add((done, total)));
        Assert.Equal(Enumerable.Range(1, 6).Select(done => (done, 6)), seen);
    }

    [Fact]
    public void AJpegOutputIsAJpeg()
    {
        MakeInput();
        string output = Path.Combine(folder, "one.jpg");
        Assert.Equal(1, CorruptionJob.Run(Options() with { Input = Path.Combine(Input, "a", "0.png"), Output = output }).Written);
        Assert.Equal([0xFF, 0xD8], File.ReadAllBytes(output)[..2]);
        CorruptionJob.Run(Options() with { Encoding = ImageEncoding.Jpeg });
        Assert.Contains("a/0.jpg", Files(Output));
    }

    [Fact]
    public void GreyPicturesStayGrey()
    {
        Directory.CreateDirectory(Input);
        ImageFile.Write(Path.Combine(Input, "digit.png"), TestImages.Gradient(28, 28, 1), ImageEncoding.Png);
        CorruptionJob.Run(Options());
        var written = new Image8(1, 1, 1);
        ImageFile.Read(Path.Combine(Output, "digit.png"), written, ImageFile.ChannelsAsStored);
        Assert.Equal(1, written.Channels);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void AnUnreadablePictureEndsTheJobAndLeavesNoHalfWrittenFile(int workers)
    {
        MakeInput();
        string broken = Path.Combine(Input, "a", "1.png");
        File.WriteAllBytes(broken, File.ReadAllBytes(broken)[..80]);
        var error = Assert.Throws<RobustifyException>(() => CorruptionJob.Run(Options() with { Workers = workers, Strict = true }));
        Assert.StartsWith(broken, error.Message);
        Assert.DoesNotContain('\n', error.Message);
        var image = new Image8(1, 1, 1);
        foreach (string file in Files(Output))
        {
            Assert.EndsWith(".png", file);
            Assert.NotEqual("a/1.png", file);
            ImageFile.Read(Path.Combine(Output, file), image, 3);
        }
    }

    [Fact]
    public void NothingIsWrittenWhenTheOptionsAreWrong()
    {
        MakeInput();
        AssertRefused(Options() with { Severities = [0] });
        AssertRefused(Options() with { Severities = [3, 6] });
        AssertRefused(Options() with { Corruptions = [] });
        AssertRefused(Options() with { Workers = 0 });
        AssertRefused(Options() with { Quality = 0 });
        AssertRefused(Options() with { Channels = 2 });
        AssertRefused(Options() with { Input = Path.Combine(folder, "missing") });
        AssertRefused(Options() with { Input = Path.Combine(Input, "a", "0.png"), Output = Path.Combine(folder, "out.bmp") });
        Assert.Equal([Input], Directory.GetFileSystemEntries(folder));
    }

    [Fact]
    public void TheInputIsNeverOverwritten()
    {
        MakeInput();
        string link = Path.Combine(folder, "link");
        Directory.CreateSymbolicLink(link, Input);
        string picture = Path.Combine(Input, "a", "0.png");
        byte[] before = File.ReadAllBytes(picture);
        AssertRefused(Options() with { Output = Input });
        AssertRefused(Options() with { Output = Input + "/" });
        AssertRefused(Options() with { Output = Path.Combine(Input, "a") });
        AssertRefused(Options() with { Output = folder });
        AssertRefused(Options() with { Output = link });
        AssertRefused(Options() with { Output = Path.Combine(link, "new") });
        AssertRefused(Options() with { Input = picture, Output = picture });
        AssertRefused(Options() with { Input = picture, Output = Path.Combine(link, "a") });
        Assert.Equal(before, File.ReadAllBytes(picture));
        Assert.Equal(6, Files(Input).Length);
    }

    [Fact]
    public void TwoPicturesThatWouldBecomeOneAreRefused()
    {
        MakeInput();
        ImageFile.Write(Path.Combine(Input, "a", "0.jpg"), TestImages.Gradient(16, 16, 3), ImageEncoding.Jpeg);
        AssertRefused(Options());
        Assert.False(Directory.Exists(Output));
    }

    [Fact]
    public void AFolderWithoutPicturesIsRefused()
    {
        Directory.CreateDirectory(Input);
        File.WriteAllText(Path.Combine(Input, "notes.txt"), "no picture");
        AssertRefused(Options());
    }

    [Fact]
    public void ACancelledJobStops()
    {
        MakeInput();
        using var cancellation = new CancellationTokenSource();
        Assert.Throws<OperationCanceledException>(() => CorruptionJob.Run(Options(), (_, _) => cancellation.Cancel(), cancellation.Token));
        Assert.Single(Files(Output));
    }

    private void MakeInput()
    {
        foreach (string name in new[] { "a", "b" })
        {
            Directory.CreateDirectory(Path.Combine(Input, name));
            for (int i = 0; i < 3; i++)
                ImageFile.Write(Path.Combine(Input, name, $"{i}.png"), TestImages.Gradient(32 + i, 40, 3), ImageEncoding.Png);
        }
    }

    private CorruptionJobOptions Options() =>
        new() { Input = Input, Output = Output, Corruptions = [CorruptionCatalog.Find("gaussian_noise")], Severities = [3], Seed = 3, Workers = 1 };

    private static void AssertRefused(CorruptionJobOptions options)
    {
        var error = Assert.Throws<RobustifyException>(() => CorruptionJob.Run(options));
        Assert.DoesNotContain('\n', error.Message);
    }

    private static string[] Files(string root) =>
        [.. Directory.GetFiles(root, "*", SearchOption.AllDirectories).Select(path => Path.GetRelativePath(root, path))
            .Where(path => path != "corrupt.json").Order(StringComparer.Ordinal)];
}
