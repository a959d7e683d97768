using Robustify.Kernels;
using Robustify.Native.Corruptions;
using Robustify.Native.Corruptions.Jobs;
using Robustify.Native.Data.Images;
using Robustify.Native.Data.Sources;
using Robustify.Native.Tests.Data.Images;

namespace Robustify.Native.Tests.Corruptions;

/// <summary>Whole data sets in the published layout.</summary>
public sealed class CorruptedSetTests : IDisposable
{
    private static readonly string[] Names = ["snow", "elastic_transform", "jpeg_compression"];

    private readonly string folder = Directory.CreateTempSubdirectory("robustify-set-").FullName;

    private string Input => Path.Combine(folder, "in");

    private string Output => Path.Combine(folder, "out");

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public void AStoredSetIsTheSetCorruptedOnTheFlyImageByImage()
    {
        MakeInput();
        File.WriteAllText(Path.Combine(Input, "a", "notes.txt"), "no picture"); // takes no index

        // Neither do pictures at other depths take that of a data set's; a class and a picture may be links.
        Directory.CreateDirectory(In("a/deeper"));
        foreach (string passedOver in (string[])["0.png", "a/deeper/0.png"])
            ImageFile.Write(In(passedOver), TestImages.Gradient(40, 40, 3), ImageEncoding.Png);
        Directory.Move(In("a-b"), Path.Combine(folder, "elsewhere"));
        Directory.CreateSymbolicLink(In("a-b"), Path.Combine(folder, "elsewhere"));
        File.CreateSymbolicLink(In("a-b/2.png"), In("a.c/0.png"));
        CorruptionJob.Run(Options() with { Workers = 2 });
        var clean = new FolderSource(Input, DataPart.Test);
        Image8 picture = new(1, 1, 1), expected = new(1, 1, 1), stored = new(1, 1, 1);
        foreach (string name in Names)
        {
            var corruption = CorruptionCatalog.Find(name);
            foreach (int severity in (int[])[1, 5])
            {
                var set = new FolderSource(Path.Combine(Output, name, $"{severity}"), DataPart.Test);
                Assert.Equal(clean.ClassNames, set.ClassNames);
                Assert.Equal(clean.Count, set.Count);
                for (int i = 0; i < clean.Count; i++)
                {
                    clean.Read(i, picture);
                    set.Read(i, stored);
                    corruption.Apply(picture, expected, severity, CorruptionSeed.Stream(7, corruption, severity, (uint)i), new CorruptionScratch());
                    Assert.True(expected.Pixels.SequenceEqual(stored.Pixels), $"{name} {severity}, picture {i}: {clean.PathOf(i)}");
                }
            }
        }
    }

    [Fact]
    public void LinksInACircleAreNotFollowed()
    {
        MakeInput();
        Directory.CreateSymbolicLink(In("a/up"), "..");
        Directory.CreateSymbolicLink(In("a/other"), Path.Combine("..", "a-b"));
        Directory.CreateSymbolicLink(In("a-b/back"), Path.Combine("..", "a"));
        var report = CorruptionJob.Run(Options() with { Corruptions = [CorruptionCatalog.Find("contrast")], Severities = [1] });

        // Six pictures, those of a-b below a too, and those of a below a-b.
        Assert.Equal(6 + 2 + 2, report.Written);
    }

    [Fact]
    public void APictureTooLongForACorruptionIsListedAndNamed()
    {
        MakeInput();
        ImageFile.Write(In("a/long.png"), TestImages.Gradient(Corruption.MaxSide + 1, 1, 3), ImageEncoding.Png);
        var options = Options() with { Corruptions = [CorruptionCatalog.Find("fog")], Severities = [1] };
        var report = CorruptionJob.Run(options);
        Assert.Equal(6, report.Written);
        Assert.StartsWith(In("a/long.png"), Assert.Single(report.Unusable).Reason);
        Assert.Contains("long.png", Assert.Throws<RobustifyException>(() => CorruptionJob.Run(options with { Strict = true, Output = Output + "2" })).Message);
    }

    [Fact]
    public void LargePicturesAreCorruptedOneAtATimeAndAsTheyShould()
    {
        MakeInput();
        foreach (string name in (string[])["a/large.png", "a.c/large.png"])
            ImageFile.Write(In(name), TestImages.Gradient(2100, 2000, 1), ImageEncoding.Png);
        var contrast = CorruptionCatalog.Find("contrast");
        var report = CorruptionJob.Run(Options() with { Corruptions = [contrast], Severities = [1], Channels = ImageFile.ChannelsAsStored, Workers = 3 });
        Assert.Equal(8, report.Written);
        Image8 expected = new(1, 1, 1), actual = new(1, 1, 1);
        contrast.Apply(TestImages.Gradient(2100, 2000, 1), expected, 1, CorruptionSeed.Stream(7, contrast, 1, 0), new CorruptionScratch());
        ImageFile.Read(Path.Combine(Output, "a.c", "large.png"), actual, ImageFile.ChannelsAsStored);
        Assert.True(expected.Pixels.SequenceEqual(actual.Pixels));
    }

    [Fact]
    public void SeveralConditionsOfOnePictureAreNotWrittenToAFolderWithAPicturesName()
    {
        MakeInput();
        var options = Options() with { Input = In("a/0.png"), Output = Path.Combine(folder, "fog.png") };
        Assert.Contains("folder expected", Assert.Throws<RobustifyException>(() => CorruptionJob.Run(options)).Message);
    }

    [Fact]
    public void AnInterruptedJobGoesOnAndEndsWithTheSameFiles()
    {
        MakeInput();
        CorruptionJob.Run(Options());
        var before = Files();
        using var cancellation = new CancellationTokenSource();
        Directory.Delete(Output, recursive: true);
        Assert.Throws<OperationCanceledException>(() => CorruptionJob.Run(
            Options(), (done, _) =>
            {
                if (done == 5)
                    cancellation.Cancel();
            }, cancellation.Token));
        var seen = new List<(int Done, int Total)>();
        var report = CorruptionJob.Run(Options(), (done, total) => seen.Add((done, total)));
        Assert.Equal(5, report.Kept);
        Assert.Equal(before.Count - 5, report.Written);
        Assert.Equal(Enumerable.Range(1, before.Count).Select(done => (done, before.Count)), seen);
        Assert.Equal(before, Files());
    }

    [Fact]
    public void FilesOfAnotherJobAreRefusedUnlessTheyAreToBeReplaced()
    {
        MakeInput();
        CorruptionJob.Run(Options());
        Assert.Contains("another job", Assert.Throws<RobustifyException>(() => CorruptionJob.Run(Options() with { Seed = 8 })).Message);
        Assert.Equal(0, CorruptionJob.Run(Options() with { Seed = 8, Overwrite = true }).Kept);
        File.Copy(Path.Combine(Input, "a", "0.png"), Path.Combine(Input, "a", "00.png")); // moves the index of all behind it
        Assert.Throws<RobustifyException>(() => CorruptionJob.Run(Options() with { Seed = 8 }));
    }

    [Fact]
    public void WhatCannotBeUsedIsListedAndTheRestIsDecodedAsItShould()
    {
        OddPictures.Write(Input);
        var options = Options() with { Corruptions = [CorruptionCatalog.Find("brightness")], Severities = [1] };
        var report = CorruptionJob.Run(options);
        Assert.Equal(OddPictures.Readable().Count(), report.Written);
        Assert.Equal(
            OddPictures.Refused().Select(f => f.Name).Order(StringComparer.Ordinal),
            report.Unusable.Select(entry => Path.GetFileName(entry.Path)).Order(StringComparer.Ordinal));
        foreach (var (name, _, complaint) in OddPictures.Refused())
        {
            string reason = report.Unusable.Single(entry => Path.GetFileName(entry.Path) == name).Reason;
            Assert.DoesNotContain('\n', reason);
            Assert.Contains(complaint, reason);
            Assert.Contains(name, File.ReadAllText(Path.Combine(Output, "corrupt.json")));
        }

        Assert.Equal(
            OddPictures.Others().Select(f => f.Name).Order(StringComparer.Ordinal), report.PassedOver.Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal));
        Image8 written = new(1, 1, 1), clean = new(1, 1, 1), expected = new(1, 1, 1);
        foreach (var (name, bytes, _) in OddPictures.Readable())
        {
            ImageFile.Decode(bytes, name, clean, channels: 3);
            options.Corruptions[0].Apply(clean, expected, 1, CorruptionSeed.Stream(7, options.Corruptions[0], 1, 0), new CorruptionScratch());
            ImageFile.Read(Path.Combine(Output, Path.ChangeExtension(name, ".png")), written, 3);
            Assert.Equal(expected.Pixels.ToArray(), written.Pixels.ToArray());
        }

        Assert.Throws<RobustifyException>(() => CorruptionJob.Run(options with { Strict = true, Output = Output + "2" }));
    }

    [Fact]
    public void PicturesAreBroughtToThePublishedSizes()
    {
        Directory.CreateDirectory(Input);
        ImageFile.Write(In("wide.png"), TestImages.Gradient(400, 300, 3), ImageEncoding.Png);
        var image = new Image8(1, 1, 1);
        foreach (var (preparation, side) in new[]
            { (Preparation.ImageNet224, 224), (Preparation.Inception299, 299), (Preparation.Tiny64, 64), (Preparation.Cifar32, 32) })
        {
            string output = $"{Output}-{side}";
            CorruptionJob.Run(Options() with { Output = output, Preparation = preparation, Severities = [1], Corruptions = [CorruptionCatalog.Find("fog")] });
            ImageFile.Read(Path.Combine(output, "wide.png"), image, 3);
            Assert.Equal((side, side), (image.Width, image.Height));
        }
    }

    [Fact]
    public void FrostWithoutOverlaysIsMarkedInEveryReport()
    {
        MakeInput();
        var report = CorruptionJob.Run(Options() with { Corruptions = [CorruptionCatalog.Find("frost")], Severities = [1] });
        Assert.Contains("not comparable", Assert.Single(report.Caveats));
        Assert.Contains("not comparable", File.ReadAllText(Path.Combine(Output, "corrupt.json")));
        Assert.Single(CorruptionCatalog.All, corruption => corruption.Caveat is not null);
    }

    [Fact]
    public void TheSheetShowsEveryCorruptionAtEverySeverity()
    {
        var picture = TestImages.Gradient(32, 32, 3);
        var sheet = ContactSheet.Draw(picture, CorruptionCatalog.All, 1);
        const int tile = 128, gap = 4; // small pictures are enlarged four times
        int left = sheet.Width - 5 * (tile + gap), top = sheet.Height - 19 * (tile + gap);
        var corrupted = new Image8(1, 1, 1);
        foreach (var corruption in CorruptionCatalog.All)
        {
            int row = CorruptionCatalog.All.ToList().IndexOf(corruption);
            corruption.Apply(picture, corrupted, 4, CorruptionSeed.Stream(1, corruption, 4, 0), new CorruptionScratch());
            int x = left + 3 * (tile + gap) + 4 * 9 + 1, y = top + row * (tile + gap) + 4 * 20 + 2;
            Assert.Equal(corrupted.Pixels.Slice((20 * 32 + 9) * 3, 3).ToArray(), sheet.Pixels.Slice((y * sheet.Width + x) * 3, 3).ToArray());
        }
    }

    private string In(string name) => Path.Combine(Input, name);

    private CorruptionJobOptions Options() => new()
    {
        Input = Input, Output = Output, Corruptions = [.. Names.Select(CorruptionCatalog.Find)], Severities = [1, 5], Seed = 7, Channels = 3,
    };

    // "a-b" sorts before "a/": ranks must follow the classes, not the paths as text.
    private void MakeInput()
    {
        foreach (string name in new[] { "a", "a-b", "a.c" })
        {
            Directory.CreateDirectory(In(name));
            for (int i = 0; i < 2; i++)
                ImageFile.Write(Path.Combine(Input, name, $"{i}.png"), TestImages.Gradient(32 + i, 36, 3), ImageEncoding.Png);
        }
    }

    private SortedDictionary<string, string> Files() => new(
        Directory.GetFiles(Output, "*.png", SearchOption.AllDirectories).ToDictionary(path => path, path => Convert.ToBase64String(File.ReadAllBytes(path))),
        StringComparer.Ordinal);
}
