using Robustify.Native.Data.Images;
using Robustify.Native.Data.Sources;

namespace Robustify.Native.Tests.Data.Sources;

public class CifarSourceTests
{
    private static string Names(int count) => string.Join('\n', Enumerable.Range(0, count).Select(i => $"class {i}")) + "\n\n";

    /// <summary>Pixel (x, y) of channel c of record <paramref name="number"/>: differs along every axis.</summary>
    private static byte Pixel(int number, int channel, int y, int x) => (byte)(number * 7 + channel * 91 + y * 5 + x);

    private static byte[] Record(int number, params byte[] labels) =>
        [.. labels,
            .. from c in Enumerable.Range(0, 3) from y in Enumerable.Range(0, 32) from x in Enumerable.Range(0, 32)
               select Pixel(number, c, y, x)];

    private static TemporaryFolder Cifar10(int perBatch = 2)
    {
        var folder = new TemporaryFolder();
        for (int batch = 0; batch < 5; batch++)
            folder.Write($"data_batch_{batch + 1}.bin",
                [.. Enumerable.Range(batch * perBatch, perBatch).SelectMany(number => Record(number, (byte)(number % 10)))]);
        folder.Write("test_batch.bin", Record(40, 8));
        File.WriteAllText(folder.PathOf("batches.meta.txt"), Names(10));
        return folder;
    }

    private static TemporaryFolder Cifar100()
    {
        var folder = new TemporaryFolder();
        folder.Write("train.bin", [.. Record(0, 19, 99), .. Record(1, 0, 42)]);
        folder.Write("test.bin", Record(5, 3, 7));
        File.WriteAllText(folder.PathOf("fine_label_names.txt"), Names(100));
        return folder;
    }

    private static void AssertImage(CifarSource source, int index, int number)
    {
        var image = new Image8(1, 1, 1);
        source.Read(index, image);
        Assert.Equal((32, 32, 3), (image.Width, image.Height, image.Channels));
        for (int y = 0; y < 32; y++)
            for (int x = 0; x < 32; x++)
                for (int c = 0; c < 3; c++)
                    Assert.Equal(Pixel(number, c, y, x), image.Pixels[(y * 32 + x) * 3 + c]);
    }

    [Fact]
    public void Cifar10PlanesBecomeInterleavedPixelsInBatchOrder()
    {
        using var folder = Cifar10();
        var train = new CifarSource(folder.Root, DataPart.Train, CifarKind.Cifar10);
        Assert.Equal(10, train.Count);
        for (int index = 0; index < 10; index++)
        {
            Assert.Equal(index, train.Label(index));
            AssertImage(train, index, index);
        }

        var test = new CifarSource(folder.Root, DataPart.Test, CifarKind.Cifar10);
        Assert.Equal((1, 8, "class 9"), (test.Count, test.Label(0), test.ClassNames[9]));
        AssertImage(test, 0, 40);
        Assert.Throws<ArgumentOutOfRangeException>(() => test.Read(1, new Image8(1, 1, 1)));
    }

    [Fact]
    public void Cifar100TakesTheFineLabel()
    {
        using var folder = Cifar100();
        var train = new CifarSource(folder.Root, DataPart.Train, CifarKind.Cifar100);
        Assert.Equal((2, 99, 42, 100), (train.Count, train.Label(0), train.Label(1), train.ClassNames.Count));
        AssertImage(train, 1, 1);
        Assert.Equal(7, new CifarSource(folder.Root, DataPart.Test, CifarKind.Cifar100).Label(0));
    }

    [Theory]
    [InlineData("data_batch_3.bin", 0), InlineData("data_batch_3.bin", 1), InlineData("data_batch_3.bin", 3072)]
    [InlineData("data_batch_3.bin", 3073), InlineData("data_batch_3.bin", 6145), InlineData("data_batch_3.bin", 6147)]
    [InlineData("data_batch_5.bin", 9219), InlineData("data_batch_1.bin", 3000)]
    public void BatchOfAnotherLengthIsRefused(string name, int length)
    {
        using var folder = Cifar10();
        folder.Write(name, new byte[length]);
        Refusal.Of(() => new CifarSource(folder.Root, DataPart.Train, CifarKind.Cifar10), name, "bytes found");
    }

    [Theory, InlineData("data_batch_2.bin"), InlineData("batches.meta.txt")]
    public void MissingFileIsNamed(string name)
    {
        using var folder = Cifar10();
        File.Delete(folder.PathOf(name));
        Refusal.Of(() => new CifarSource(folder.Root, DataPart.Train, CifarKind.Cifar10), name);
    }

    [Fact]
    public void LabelOutOfRangeIsRefusedWithFileAndRecord()
    {
        using var folder = Cifar10();
        folder.Write("data_batch_4.bin", [.. Record(0, 1), .. Record(1, 10)]);
        Refusal.Of(() => new CifarSource(folder.Root, DataPart.Train, CifarKind.Cifar10), "data_batch_4.bin", "label 10", "record 1");
    }

    [Theory, InlineData(20, 5, "coarse label 20"), InlineData(3, 100, "label 100")]
    public void Cifar100LabelsOutOfRangeAreRefused(byte coarse, byte fine, string words)
    {
        using var folder = Cifar100();
        folder.Write("test.bin", Record(0, coarse, fine));
        Refusal.Of(() => new CifarSource(folder.Root, DataPart.Test, CifarKind.Cifar100), "test.bin", words);
    }

    [Theory, InlineData(9), InlineData(11), InlineData(0), InlineData(100_000)]
    public void WrongNumberOfClassNamesIsRefused(int count)
    {
        using var folder = Cifar10();
        File.WriteAllText(folder.PathOf("batches.meta.txt"), Names(count));
        Refusal.Of(() => new CifarSource(folder.Root, DataPart.Train, CifarKind.Cifar10), "batches.meta.txt", "class names");
    }

    [Fact]
    public void HugeSparseFileIsRefusedBeforeMemoryIsTaken()
    {
        using var folder = Cifar100();
        using (var file = File.Create(folder.PathOf("train.bin")))
            file.SetLength(3074L * 100_000_000); // 307 GB that take no room on disk
        Refusal.Of(() => new CifarSource(folder.Root, DataPart.Train, CifarKind.Cifar100), "train.bin", "at most");
    }
}
