using Robustify.Kernels;
using Robustify.Native.Data.Images;
using Robustify.Native.Data.Sources;

namespace Robustify.Native.Tests.Data.Sources;

public class IdxRefusalTests
{
    private static byte[] GoodImages => IdxBytes.File(IdxBytes.Ramp(60), 4, 3, 5);

    private static byte[] GoodLabels => IdxBytes.File([3, 0, 9, 1], 4);

    public static TheoryData<string, byte[], string> WrongImages => new()
    {
        { "fewer bytes than the header claims", IdxBytes.File(new byte[59], 4, 3, 5), "60" },
        { "more bytes than the header claims", IdxBytes.File(new byte[61], 4, 3, 5), "60" },
        { "sides that claim nearly a gigabyte", IdxBytes.File(new byte[60], 4, 16000, 16000), "1024000000" },
        { "sides whose product wraps to the right size in 32 bits", IdxBytes.File(new byte[4], 4, 0x80000001, 0x80000001), "sides" },
        { "sides whose product wraps to nothing in 64 bits", IdxBytes.File([], 4, 0x80000000, 0x80000000), "sides" },
        { "sides of a terabyte within the allowed range", IdxBytes.File([], 4, 16384, 16384), "1073741824" },
        { "four billion of everything", IdxBytes.File([], uint.MaxValue, uint.MaxValue, uint.MaxValue), "4294967295 images" },
        { "no rows", IdxBytes.File([], 4, 0, 5), "sides" },
        { "no columns", IdxBytes.File([], 4, 3, 0), "sides" },
        { "fewer images than labels", IdxBytes.File(new byte[45], 3, 3, 5), "4 labels" },
        { "more images than labels", IdxBytes.File(new byte[75], 5, 3, 5), "4 labels" },
        { "no images", IdxBytes.File([], 0, 3, 5), "0 images" },
        { "the header of labels", IdxBytes.File(new byte[60], 60), "magic number" },
        { "floats", [0, 0, 0x0D, 3, .. GoodImages.AsSpan(4)], "magic number" },
        { "a cut header", GoodImages[..9], "expected" },
        { "gzip within gzip or under a plain name", IdxBytes.Gzip(GoodImages), "gzip" },
    };

    public static TheoryData<string, byte[], string> WrongLabels => new()
    {
        { "label 10", IdxBytes.File([3, 0, 10, 1], 4), "label 10 found for image 2" },
        { "label 255", IdxBytes.File([255, 0, 1, 1], 4), "label 255 found for image 0" },
        { "empty", IdxBytes.File([], 0), "0 labels" },
        { "fewer labels than claimed", IdxBytes.File([1, 2, 3], 4), "4" },
        { "more labels than claimed", IdxBytes.File([1, 2, 3, 4, 5], 4), "4" },
        { "four billion labels", IdxBytes.File([], uint.MaxValue), "4294967295" },
        { "the header of images", GoodImages, "magic number" },
    };

    [Theory, MemberData(nameof(WrongImages))]
    public void WrongImagesAreRefusedPlainAndCompressed(string what, byte[] images, string words)
    {
        Assert.NotEmpty(what);
        foreach (bool gzip in new[] { false, true })
        {
            using var folder = new TemporaryFolder();
            IdxBytes.Write(folder, images, GoodLabels, gzip);
            Refusal.Of(() => new IdxSource(folder.Root, DataPart.Train), IdxBytes.TrainImages, words);
        }
    }

    [Theory, MemberData(nameof(WrongLabels))]
    public void WrongLabelsAreRefusedPlainAndCompressed(string what, byte[] labels, string words)
    {
        Assert.NotEmpty(what);
        foreach (bool gzip in new[] { false, true })
        {
            using var folder = new TemporaryFolder();
            IdxBytes.Write(folder, GoodImages, labels, gzip);
            Refusal.Of(() => new IdxSource(folder.Root, DataPart.Train), IdxBytes.TrainLabels, words);
        }
    }

    [Fact]
    public void GzipCutOffAnywhereIsRefused()
    {
        using var folder = new TemporaryFolder();
        IdxBytes.Write(folder, GoodImages, GoodLabels, gzip: true);
        byte[] whole = IdxBytes.Gzip(GoodImages);
        for (int length = 0; length < whole.Length; length++)
        {
            folder.Write(IdxBytes.TrainImages + ".gz", whole[..length]);
            Refusal.Of(() => new IdxSource(folder.Root, DataPart.Train), IdxBytes.TrainImages + ".gz");
        }
    }

    [Fact]
    public void GzipWithSomethingAppendedIsRefused()
    {
        using var folder = new TemporaryFolder();
        IdxBytes.Write(folder, GoodImages, GoodLabels, gzip: true);
        byte[] whole = IdxBytes.Gzip(GoodImages);
        byte[] emptyStream = [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 3, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        foreach (byte[] tail in new byte[][] { [0], new byte[100], [.. "garbage!"u8], emptyStream, IdxBytes.Gzip([1]) })
        {
            folder.Write(IdxBytes.TrainImages + ".gz", [.. whole, .. tail]);
            Refusal.Of(() => new IdxSource(folder.Root, DataPart.Train), IdxBytes.TrainImages + ".gz");
        }
    }

    [Fact]
    public void NoFlippedBitOfAGzipFileChangesAPixel()
    {
        using var folder = new TemporaryFolder();
        IdxBytes.Write(folder, GoodImages, GoodLabels, gzip: true);
        byte[] file = IdxBytes.Gzip(GoodImages);
        var image = new Image8(1, 1, 1);
        int refused = 0;
        for (int bit = 0; bit < 8 * file.Length; bit++)
        {
            file[bit / 8] ^= (byte)(1 << bit % 8);
            folder.Write(IdxBytes.TrainImages + ".gz", file);
            file[bit / 8] ^= (byte)(1 << bit % 8);
            try
            {
                var source = new IdxSource(folder.Root, DataPart.Train); // bits of the gzip header such as its time are free
                source.Read(3, image);
                Assert.Equal(IdxBytes.Ramp(60)[45..], image.Pixels.ToArray());
            }
            catch (RobustifyException e)
            {
                refused++;
                Assert.DoesNotContain('\n', e.Message);
            }
        }

        Assert.InRange(refused, 8 * (file.Length - 10), 8 * file.Length); // all but the ten bytes of the gzip header matter
    }

    [Fact]
    public void CompressedClaimBeyondWhatTheFileCanHoldIsRefusedWithoutReading()
    {
        using var folder = new TemporaryFolder();
        IdxBytes.Write(folder, IdxBytes.File(new byte[100_000], 4, 16384, 16383), GoodLabels, gzip: true);
        Refusal.Of(() => new IdxSource(folder.Root, DataPart.Train), "more than they can hold");
    }

    [Fact]
    public void BombBehindASmallHeaderIsNotUnpacked()
    {
        using var folder = new TemporaryFolder();
        IdxBytes.Write(folder, IdxBytes.File(new byte[64 << 20], 4, 3, 5), GoodLabels, gzip: true);
        Refusal.Of(() => new IdxSource(folder.Root, DataPart.Train), "more than the 60 bytes");
    }

    [Fact]
    public void PlainTextUnderAGzipNameIsRefused()
    {
        using var folder = new TemporaryFolder();
        IdxBytes.Write(folder, GoodImages, GoodLabels, gzip: true);
        folder.Write(IdxBytes.TrainImages + ".gz", "<html>404 not found, and some more of that page</html>"u8.ToArray());
        Refusal.Of(() => new IdxSource(folder.Root, DataPart.Train), IdxBytes.TrainImages + ".gz", "gzip");
    }

    [Fact]
    public void MissingFilesAreNamed()
    {
        using var folder = new TemporaryFolder();
        folder.Write(IdxBytes.TrainImages, GoodImages);
        Refusal.Of(() => new IdxSource(folder.Root, DataPart.Train), folder.Root, IdxBytes.TrainLabels + ".gz");
        Refusal.Of(() => new IdxSource(folder.Root, DataPart.Test), folder.Root, "t10k-labels-idx1-ubyte");
    }

    [Fact]
    public void DeviceInPlaceOfAFileIsRefusedAtOnce()
    {
        using var folder = new TemporaryFolder();
        folder.Write(IdxBytes.TrainLabels, GoodLabels);
        File.CreateSymbolicLink(folder.PathOf(IdxBytes.TrainImages), "/dev/zero");
        Refusal.Of(() => new IdxSource(folder.Root, DataPart.Train), IdxBytes.TrainImages, "bytes found");
    }

    [Fact]
    public void LineBreakInAFolderNameStaysOutOfTheMessage()
    {
        using var folder = new TemporaryFolder();
        folder.Write("two\nlines/" + IdxBytes.TrainImages, GoodImages);
        Refusal.Of(() => new IdxSource(folder.PathOf("two\nlines"), DataPart.Train), "two?lines");
    }
}
