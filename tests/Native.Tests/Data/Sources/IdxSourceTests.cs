using Robustify.Native.Data.Images;
using Robustify.Native.Data.Sources;

namespace Robustify.Native.Tests.Data.Sources;

public class IdxSourceTests
{
    private static readonly byte[] Labels = [3, 0, 9, 1];

    private static byte[] GoodImages => IdxBytes.File(IdxBytes.Ramp(4 * 3 * 5), 4, 3, 5);

    private static byte[] GoodLabels => IdxBytes.File(Labels, 4);

    [Theory, InlineData(false), InlineData(true)]
    public void ImagesAndLabelsComeBackAsWritten(bool gzip)
    {
        using var folder = new TemporaryFolder();
        IdxBytes.Write(folder, GoodImages, GoodLabels, gzip);
        var source = new IdxSource(folder.Root, DataPart.Train);
        var image = new Image8(1, 1, 3);
        var all = new List<byte>();
        for (int index = 0; index < source.Count; index++)
        {
            source.Read(index, image);
            Assert.Equal((5, 3, 1), (image.Width, image.Height, image.Channels));
            all.AddRange(image.Pixels);
        }

        Assert.Equal(IdxBytes.Ramp(60), all);
        Assert.Equal(Labels, Enumerable.Range(0, 4).Select(index => (byte)source.Label(index)));
        Assert.Throws<ArgumentOutOfRangeException>(() => source.Read(4, image));
        Assert.Throws<ArgumentOutOfRangeException>(() => source.Read(-1, image));
    }

    [Fact]
    public void TestPartReadsItsOwnFiles()
    {
        using var folder = new TemporaryFolder();
        IdxBytes.Write(folder, GoodImages, GoodLabels, gzip: true);
        folder.Write("t10k-images-idx3-ubyte", IdxBytes.File([7], 1, 1, 1));
        folder.Write("t10k-labels-idx1-ubyte.gz", IdxBytes.Gzip(IdxBytes.File([5], 1)));
        var source = new IdxSource(folder.Root, DataPart.Test);
        Assert.Equal((1, 5), (source.Count, source.Label(0)));
    }

    [Theory]
    [InlineData("fashion-mnist", "Ankle boot"), InlineData("FashionMNIST/raw", "Ankle boot"), InlineData("my-Fashion", "Ankle boot")]
    [InlineData("mnist", "9"), InlineData("fashion-project/mnist", "9"), InlineData("MNIST/raw", "9")]
    public void FolderNameDecidesTheClassNames(string name, string lastClass)
    {
        using var folder = new TemporaryFolder();
        IdxBytes.Write(folder, GoodImages, GoodLabels, gzip: false);
        Directory.CreateDirectory(folder.PathOf(name));
        foreach (string file in new[] { IdxBytes.TrainImages, IdxBytes.TrainLabels })
            File.Move(folder.PathOf(file), folder.PathOf(name, file));
        var source = new IdxSource(folder.PathOf(name) + "/", DataPart.Train);
        Assert.Equal(10, source.ClassNames.Count);
        Assert.Equal(lastClass, source.ClassNames[9]);
    }

    [Fact]
    public void ReadingAllocatesNothing()
    {
        using var folder = new TemporaryFolder();
        IdxBytes.Write(folder, GoodImages, GoodLabels, gzip: true);
        var source = new IdxSource(folder.Root, DataPart.Train);
        var image = new Image8(5, 3, 1);
        source.Read(0, image);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int round = 0; round < 100; round++)
            source.Read(round % source.Count, image);
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }
}
