using Robustify.Native.Data.Sources;

namespace Robustify.Native.Tests.Data.Sources;

public class DataDirectoryTests
{
    private static void WriteIdx(TemporaryFolder folder, string inside)
    {
        folder.Write(Path.Combine(inside, IdxBytes.TrainImages), IdxBytes.File([7], 1, 1, 1));
        folder.Write(Path.Combine(inside, IdxBytes.TrainLabels), IdxBytes.File([5], 1));
    }

    [Fact]
    public void KindIsSeenFromTheFiles()
    {
        using var folder = new TemporaryFolder();
        WriteIdx(folder, "idx");
        folder.Write("c10/test_batch.bin", new byte[3073]);
        folder.Write("c10/batches.meta.txt", "a\nb\nc\nd\ne\nf\ng\nh\ni\nj"u8.ToArray());
        folder.Write("c100/test.bin", new byte[3074]);
        File.WriteAllLines(folder.PathOf("c100/fine_label_names.txt"), Enumerable.Range(0, 100).Select(i => $"{i}"));
        folder.Write("pictures/cat/1.png", [1]);
        Assert.IsType<IdxSource>(DataDirectory.Open(folder.PathOf("idx"), DataPart.Train));
        Assert.StartsWith("CIFAR-10 ", DataDirectory.Open(folder.PathOf("c10"), DataPart.Test).Description);
        Assert.StartsWith("CIFAR-100 ", DataDirectory.Open(folder.PathOf("c100"), DataPart.Test).Description);
        Assert.IsType<FolderSource>(DataDirectory.Open(folder.PathOf("pictures"), DataPart.Train));
    }

    [Fact]
    public void FolderWithoutASetIsToldWhatWasLookedFor()
    {
        using var folder = new TemporaryFolder();
        string file = folder.Write("readme.txt", [1]);
        Refusal.Of(() => DataDirectory.Open(folder.Root, DataPart.Train),
            folder.Root, "idx3-ubyte", "data_batch_1.bin", "train.bin", "class folders");
        Refusal.Of(() => DataDirectory.Open(folder.PathOf("absent"), DataPart.Train), "absent", "no such folder");
        Refusal.Of(() => DataDirectory.Open(file, DataPart.Train), file, "a file found");
        Refusal.Of(() => DataDirectory.Open("", DataPart.Train), "folder");
        Refusal.Of(() => DataDirectory.Open("a\0b", DataPart.Train), "folder");
    }

    [Fact]
    public void FolderWithTwoKindsIsRefused()
    {
        using var folder = new TemporaryFolder();
        WriteIdx(folder, ".");
        folder.Write("test_batch.bin", new byte[3073]);
        Refusal.Of(() => DataDirectory.Open(folder.Root, DataPart.Train), folder.Root, "more than one kind");
    }

    [Fact]
    public void DefaultLooksAboveTheExecutableThenAboveTheWorkingFolderThenWhereInstalled()
    {
        using var folder = new TemporaryFolder();
        string executable = folder.PathOf("app/bin/"), working = folder.PathOf("home/run"), installed = folder.PathOf("full");
        Directory.CreateDirectory(executable);
        Directory.CreateDirectory(working);
        Directory.CreateDirectory(folder.PathOf("app/bin/data/fashion-mnist")); // empty, so it is passed over
        Refusal.Of(() => DataDirectory.Default(executable, working, installed), executable, working, installed);
        WriteIdx(folder, "full");
        Assert.Equal(installed, DataDirectory.Default(executable, working, installed));
        WriteIdx(folder, "home/data/fashion-mnist");
        Assert.Equal(folder.PathOf("home/data/fashion-mnist"), DataDirectory.Default(executable, working, installed));
        WriteIdx(folder, "app/data/fashion-mnist");
        Assert.Equal(folder.PathOf("app/data/fashion-mnist"), DataDirectory.Default(executable, working, installed));
        WriteIdx(folder, "app/bin/data/fashion-mnist");
        Assert.Equal(folder.PathOf("app/bin/data/fashion-mnist"), DataDirectory.Default(executable, working, installed));
    }
}
