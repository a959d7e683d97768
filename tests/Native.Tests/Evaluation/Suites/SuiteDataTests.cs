using System.Text;
using Robustify.Kernels;
using Robustify.Native.Data.Images;
using Robustify.Native.Evaluation;
using Robustify.Native.Evaluation.Reference;
using Robustify.Native.Evaluation.Suites;
using Robustify.Native.Tests.Data.Sources;

namespace Robustify.Native.Tests.Evaluation.Suites;

/// <summary>Class lists, folders and arrays of the suites.</summary>
public sealed class SuiteDataTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void ClassListsAreThePublishedOnes()
    {
        int[] a = ImageNetClasses.OfImageNetA(), r = ImageNetClasses.OfImageNetR();
        Assert.Equal(200, a.Distinct().Count());
        Assert.Equal(200, r.Distinct().Count());
        Assert.Equal(86, a.Intersect(r).Count());
        Assert.Equal(1000, ImageNetClasses.Wnids.Distinct().Count());
        Assert.Equal(ImageNetClasses.Wnids, ImageNetClasses.Wnids.Order(StringComparer.Ordinal));
        Assert.Equal(113, ImageNetClasses.ObjectNet.Count);
        Assert.Equal(125, ImageNetClasses.ObjectNet.SelectMany(o => o.Classes).Distinct().Count());
        Assert.Equal([104, 6, 3], Enumerable.Range(1, 3).Select(n => ImageNetClasses.ObjectNet.Count(o => o.Classes.Length == n)));
    }

    [Fact]
    public void ImageNetV2FoldersAreNumbersNotText()
    {
        foreach (string name in (string[])["0", "1", "10", "2", "999"])
            folder.Write($"v2/{name}/x.png", Png());
        var listing = PictureListing.Of(folder.PathOf("v2"), ClassNaming.Numbers());
        Assert.Equal([0, 1, 2, 10, 999], listing.Labels);
        Assert.Equal(995, listing.Missing.Count);
    }

    [Fact]
    public void FolderThatIsNoClassIsRefusedAndOtherFilesAreCounted()
    {
        folder.Write("set/n01440764/ä ö 図.png", Png());
        folder.Write("set/n01440764/notes.txt", [1]);
        folder.Write("set/README.md", [1]);
        var listing = PictureListing.Of(folder.PathOf("set"), ClassNaming.Wnids());
        Assert.Equal(["n01440764/ä ö 図.png"], listing.Paths);
        Assert.Equal(["README.md", "n01440764/notes.txt"], listing.PassedOver);
        var image = new Image8(1, 1, 1);
        new PictureSuite(folder.PathOf("set"), listing, ImageNetClasses.Wnids).Read(0, image);
        Assert.Equal(2, image.Width);
        folder.Write("set/goldfish/x.png", Png());
        var refused = Assert.Throws<RobustifyException>(() => PictureListing.Of(folder.PathOf("set"), ClassNaming.Wnids()));
        Assert.Contains("no class: goldfish;", refused.Message);
    }

    [Theory]
    [InlineData("", "sets/a", "1 more")] // too high: the set is in it
    [InlineData("sets/a/n01440764", "sets/a", "no class: deeper")] // too deep
    [InlineData("sets/a/n01440764/deeper", "sets/a", "no pictures in class folders")]
    [InlineData("sets/b", null, "no class: goldfish")] // nothing near fits
    public void FolderOfTheWrongLevelIsAnsweredWithTheRightOne(string named, string? meant, string complaint)
    {
        for (int c = 0; c < 10; c++)
            folder.Write($"sets/a/{ImageNetClasses.Wnids[c]}/x.png", Png());
        folder.Write("sets/a/n01440764/deeper/notes.txt", [1]);
        folder.Write("elsewhere/b/goldfish/x.png", Png());
        foreach (string other in (string[])["sets/b", "sets/c", "sets/d"])
            folder.Write(other + "/goldfish/x.png", Png());
        string place = named switch { "" => folder.PathOf("sets"), "sets/b" => folder.PathOf("elsewhere/b"), _ => folder.PathOf(named) };
        string message = Assert.Throws<RobustifyException>(() => PictureListing.Of(place, ClassNaming.Wnids())).Message;
        Assert.Contains(complaint, message);
        Assert.Equal(meant is not null, message.EndsWith($"did you mean {folder.PathOf(meant ?? "none")}?"));
    }

    [Fact]
    public void FolderOfACorruptionIsAnsweredWithThatOfItsSet()
    {
        folder.Write("c/noise/gaussian_noise/1/a/x.png", Png());
        foreach (string named in (string[])["c/noise/gaussian_noise/1", "."])
        {
            string message = Assert.Throws<RobustifyException>(() => StoredCorruptions.Find(folder.PathOf(named), null, [1])).Message;
            Assert.Contains("did you mean " + folder.PathOf("c"), message);
        }
    }

    [Fact]
    public void EntriesStandInOneOrderWhateverTheFileSystemSays()
    {
        foreach (string name in (string[])["z.txt", "b.txt", "n01440764/y.png", "n01440764/a.png", "n01440764/m.txt"])
            folder.Write("set/" + name, Png());
        var listing = PictureListing.Of(folder.PathOf("set"), ClassNaming.Wnids());
        Assert.Equal(["n01440764/a.png", "n01440764/y.png"], listing.Paths);
        Assert.Equal(["b.txt", "z.txt", "n01440764/m.txt"], listing.PassedOver);
    }

    [Fact]
    public void ObjectNetLeavesItsOwnClassesOutAndScoresTheBestOfItsImageNetClasses()
    {
        folder.Write("objects/alarm_clock/x.png", Png());
        folder.Write("objects/air_freshener/x.png", Png());
        var naming = ClassNaming.ObjectNet();
        var listing = PictureListing.Of(folder.PathOf("objects"), naming);
        Assert.Equal(["alarm_clock/x.png"], listing.Paths);
        Assert.Equal(["air_freshener/"], listing.PassedOver);
        Assert.Equal([409, 530], ImageNetClasses.ObjectNet[naming.Label("alarm_clock")].Classes);
    }

    [Fact]
    public void BorderIsCutBeforeTheResize()
    {
        var image = new Image8(12, 12, 1);
        for (int i = 0; i < 144; i++)
            image.Pixels[i] = (byte)(i % 12 is < 2 or > 9 || i / 12 is < 2 or > 9 ? 255 : 40);
        var transform = new InputTransform(new InputGeometry { Size = 8, ShorterSide = 9, Border = 2, KeepsFitting = true });
        Assert.All(transform.Apply(image).Pixels.ToArray(), p => Assert.Equal(40, p));
    }

    [Theory]
    [InlineData(PreprocessingProtocol.Hendrycks224, true, "both sides to 224 (bilinear), no crop; images of 224x224 as they are")]
    [InlineData(PreprocessingProtocol.Hendrycks224, false, "shorter side to 256 (bilinear), centre crop 224; images of 224x224 as they are")]
    [InlineData(PreprocessingProtocol.Timm, true, "shorter side to 256 (bicubic), centre crop 224")]
    [InlineData(PreprocessingProtocol.RobustBench, true, "both sides to 224 (bilinear), no crop; images of 224x224 as they are")]
    public void ProtocolSaysWhatItDoes(PreprocessingProtocol protocol, bool isStored, string text) =>
        Assert.Equal(text, protocol.Geometry(224, isTransformer: false, isStored).Description);

    [Fact]
    public void MissingSeverityAndCorruptionAreNamed()
    {
        folder.Write("c/gaussian_noise/1/a/x.png", Png());
        folder.Write("c/weather/fog/2/a/x.png", Png()); // as in the released archives
        var (found, missing) = StoredCorruptions.Find(folder.PathOf("c"), ["gaussian_noise", "fog", "snow"], [1, 2]);
        Assert.Equal([new Condition("gaussian_noise", 1), new Condition("fog", 2)], found.Select(f => f.Condition));
        Assert.Equal(["gaussian_noise severity 2", "snow", "fog severity 1"], missing);
        Assert.Throws<RobustifyException>(() => StoredCorruptions.Find(folder.Root, null, [1]));
    }

    [Fact]
    public void ArraysOfCifarCAreReadBySeverity()
    {
        byte[] data = new byte[10 * 3072];
        for (int i = 0; i < 10; i++)
            data.AsSpan(i * 3072, 3072).Fill((byte)i);
        folder.Write("cifar/fog.npy", Npy("|u1", "(10, 32, 32, 3)", data));
        folder.Write("cifar/labels.npy", Npy("<i8", "(10,)", [.. Enumerable.Range(0, 80).Select(i => (byte)(i % 8 == 0 ? i / 8 : 0))]));
        var source = new CorruptedCifar(folder.PathOf("cifar"), new Condition("fog", 4), classes: 10);
        var image = new Image8(1, 1, 1);
        source.Read(1, image);
        Assert.Equal(2, source.Count);
        Assert.All(image.Pixels.ToArray(), p => Assert.Equal(7, p));
        Assert.Equal(7, source.Label(1));
    }

    [Theory]
    [InlineData("<f4", "(10, 32, 32, 3)", 0, "unsigned bytes or integers")]
    [InlineData("|u1", "(10, 32, 32, 3)", -1, "bytes of data found")]
    [InlineData("|u1", "(9, 32, 32, 3)", 0, "(5 N, 32, 32, 3) bytes expected")]
    [InlineData("|u1", "(99999999999, 99999999999, 3)", 0, "impossible shape")]
    public void DamagedArraysAreRefused(string type, string shape, int more, string complaint)
    {
        int count = shape.StartsWith("(9,") ? 9 : 10;
        folder.Write("cifar/fog.npy", Npy(type, shape, new byte[count * 3072 + more]));
        folder.Write("cifar/labels.npy", Npy("|u1", "(10,)", new byte[10]));
        var refused = Assert.Throws<RobustifyException>(() => new CorruptedCifar(folder.PathOf("cifar"), new Condition("fog", 1), 10));
        Assert.Contains(complaint, refused.Message);
    }

    [Fact]
    public void FileThatIsNoArrayIsRefused()
    {
        folder.Write("cifar/fog.npy", [1, 2, 3]);
        Assert.Contains("no NumPy array", Assert.Throws<RobustifyException>(() => NpyFile.Open(folder.PathOf("cifar", "fog.npy"))).Message);
        Assert.Contains("cannot be read", Assert.Throws<RobustifyException>(() => NpyFile.Open(folder.PathOf("cifar", "none.npy"))).Message);
    }

    internal static byte[] Png()
    {
        var image = new Image8(2, 2, 3);
        return ImageFile.Encode(image, ImageEncoding.Png);
    }

    private static byte[] Npy(string type, string shape, byte[] data)
    {
        string header = $"{{'descr': '{type}', 'fortran_order': False, 'shape': {shape}, }}";
        header = header.PadRight(117) + "\n";
        return [0x93, .. "NUMPY"u8, 1, 0, (byte)header.Length, (byte)(header.Length >> 8), .. Encoding.ASCII.GetBytes(header), .. data];
    }
}
