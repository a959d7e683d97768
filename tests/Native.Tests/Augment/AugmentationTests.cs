using Robustify.Kernels;
using Robustify.Native.Augment;
using Robustify.Native.Data.Images;
using Robustify.Native.Data.Loading;
using Robustify.Native.Data.Transforms;
using Robustify.Native.Tests.Data.Loading;
using Robustify.Native.Tests.Data.Sources;

namespace Robustify.Native.Tests.Augment;

/// <summary>The kinds of augmented views, as the loader makes them, and the published constants that each takes.</summary>
public sealed class AugmentationTests
{
    private const int Side = 16;

    private static readonly int[] All = [.. Enumerable.Range(0, 12)];

    [Fact]
    public void StandardViewIsAnotherCropAndFlipOfTheSameImage()
    {
        var options = Loader(MixtureKind.Standard) with { AugMixViews = 2 };
        var source = new SyntheticSource(12, Side, 1);
        var rows = Rows(source, options);

        // One of 25 shifts, mirrored or not: two of the twelve pairs are the same by chance at most once in fifty seeds.
        Assert.InRange(rows.Count(r => r.First.SequenceEqual(r.Second)), 0, 1);
        Assert.InRange(rows.Count(r => r.First.SequenceEqual(r.Clean)), 0, 1);

        // Every pixel of a shifted or mirrored image is one of the original's, or the padding's.
        Assert.All(rows, r => Assert.True(r.Clean.Intersect(r.First).Count() > Side * Side / 4, "the view does not come from the image"));
    }

    [Fact]
    public void NoiseIsAddedToTheShareOfTheViewsAndNeverToTheImage()
    {
        var source = new SyntheticSource(12, Side, 1);
        var none = Loader(MixtureKind.Noise2net) with { NoiseNetwork = new() { Share = 0 } };
        Assert.All(Rows(source, none), rows => Assert.Equal(rows.Clean, rows.First));
        var all = none with { NoiseNetwork = new() { Share = 1 } };
        Assert.All(Rows(source, all), rows => Assert.NotEqual(rows.Clean, rows.First));
        Assert.Equal(Rows(source, none).Select(r => r.Clean), Rows(source, all).Select(r => r.Clean));

        // Alone it has the published share; twelve images are all or none changed once in two thousand.
        int changed = Rows(source, Loader(MixtureKind.Noise2net)).Count(rows => !rows.Clean.SequenceEqual(rows.First));
        Assert.InRange(changed, 1, 11);
    }

    [Fact]
    public void NoiseComesOnTopOfAnyMixture()
    {
        var source = new SyntheticSource(12, Side, 1);
        foreach (var kind in (MixtureKind[])[MixtureKind.Augmix, MixtureKind.Pixmix, MixtureKind.Standard])
        {
            var plain = Rows(source, Loader(kind));
            var noisy = Rows(source, Loader(kind) with { NoiseNetwork = new() { Share = 1 } });
            Assert.All(plain.Zip(noisy), pair => Assert.NotEqual(pair.First.First, pair.Second.First));
        }
    }

    [Theory]
    [InlineData(28, 3, 3)]
    [InlineData(64, 3, 3)]
    [InlineData(224, 1, 4)]
    public void ConstantsAreThePublishedOnesOfTheImageSize(int imageSize, double severity, double beta)
    {
        var options = new AugmentationOptions();
        Assert.Equal(severity, options.AugMixFor(imageSize).Severity);
        Assert.Equal((severity, beta), (options.PixMixFor(imageSize).Severity, options.PixMixFor(imageSize).Beta));
        var chosen = new AugmentationOptions { Severity = 2, Beta = 5, Operations = OperationSet.All };
        Assert.Equal(2, chosen.AugMixFor(imageSize).Severity);
        Assert.True(chosen.AugMixFor(imageSize).AllOperations && chosen.PixMixFor(imageSize).AllOperations);
        Assert.Equal((2, 5), (chosen.PixMixFor(imageSize).Severity, chosen.PixMixFor(imageSize).Beta));
        Assert.Null(options.Noise);
        Assert.Equal(0.5, new AugmentationOptions { Kind = MixtureKind.Noise2net }.Noise!.Share);
    }

    [Fact]
    public void EveryChoiceShowsInTheDescriptionThatAResumedRunMustMatch()
    {
        AugmentationOptions[] choices =
        [
            new(), new() { Severity = 2 }, new() { Operations = OperationSet.All }, new() { AugMix = new() { Width = 2 } }, new() { AugMix = new() { Depth = 2 } },
            new() { AugMix = new() { Alpha = 2 } }, new() { AugMix = new() { FixedLevel = true } }, new() { NoiseShare = 0.25 },
            new() { NoiseShare = 0.25, NoiseNetwork = new() { Weakest = 0.1 } }, new() { NoiseShare = 0.25, NoiseNetwork = new() { Strongest = 0.9 } },
            new() { Kind = MixtureKind.Pixmix }, new() { Kind = MixtureKind.Pixmix, Beta = 5 }, new() { Kind = MixtureKind.Pixmix, PixMix = new() { Rounds = 2 } },
            new() { Kind = MixtureKind.Pixmix, PixMix = new() { Pictures = "p" } }, new() { Kind = MixtureKind.Noise2net }, new() { Kind = MixtureKind.Standard },
        ];
        Assert.Equal(choices.Length, choices.Select(c => c.Describe(28)).Distinct().Count());
    }

    [Fact]
    public void PixMixTakesThePicturesOfAFolderAndNamesOneThatCannotBeRead()
    {
        using var folder = new TemporaryFolder();
        var white = new Image8(50, 30, 3);
        white.Pixels.Fill(255);
        folder.Write("fractals/white.png", ImageFile.Encode(white, ImageEncoding.Png));
        var pictures = new FolderPictures(folder.Root, side: 18, channels: 1);
        Assert.Equal((1, 30, 18), (pictures.Count, pictures[0].Width, pictures[0].Height)); // the shorter side, the other in proportion
        Assert.Equal(255, pictures[0].Pixels[7]);
        Assert.Same(pictures[0], pictures[0]);

        var options = Loader(MixtureKind.Pixmix) with { PixMix = new() { Pictures = folder.Root } };
        Assert.NotEqual(Rows(new(12, Side, 1), options).Select(r => r.First), Rows(new(12, Side, 1), Loader(MixtureKind.Pixmix)).Select(r => r.First));
        folder.Write("fractals/white.png", [1, 2, 3]);
        Assert.Contains("white.png", Assert.Throws<RobustifyException>(() => Rows(new(12, Side, 1), options)).Message);
        Assert.Contains("no PNG", Assert.Throws<RobustifyException>(() => new FolderPictures(Directory.CreateDirectory(folder.PathOf("empty")).FullName, 18, 1)).Message);
        Assert.Contains("cannot be listed", Assert.Throws<RobustifyException>(() => new FolderPictures(folder.PathOf("none"), 18, 1)).Message);
    }

    private static BatchLoaderOptions Loader(MixtureKind kind) => new()
    {
        BatchSize = 12, ImageSize = Side, Normalization = Normalization.Half(1), Seed = 3, AugMixViews = 1, Mixture = kind,
        StandardAugmentation = new() { Padding = 2, FlipProbability = 0.5 },
    };

    private static List<(float[] Clean, float[] First, float[] Second)> Rows(SyntheticSource source, BatchLoaderOptions options)
    {
        using var loader = new BatchLoader(source, All, options);
        loader.StartEpoch(0);
        var batch = loader.Next()!;
        return [.. Enumerable.Range(0, 12).Select(i => (
            batch.Row(0, i).ToArray(), batch.Row(1, i).ToArray(), options.AugMixViews == 2 ? batch.Row(2, i).ToArray() : []))];
    }
}
