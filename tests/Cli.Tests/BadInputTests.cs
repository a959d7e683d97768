using System.Diagnostics;
using System.IO.Compression;

namespace Robustify.Cli.Tests;

/// <summary>Bad input ends in one clear line and exit code 2, soon, with nothing written.</summary>
public sealed class BadInputTests : IDisposable
{
    // A second is the promise on a quiet machine; a shared one that also runs the other tests may be several times slower.
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(6);

    private readonly TemporaryFolder folder = new();

    private string Out => folder.PathOf("out");

    public void Dispose() => folder.Dispose();

    [Fact]
    public void MissingDataDirectoryIsRefused() => Refused("no such folder", "pretrain", "--data", folder.PathOf("nowhere"), "--out", Out);

    [Fact]
    public void TruncatedGzipIsRefused()
    {
        WriteSet(Gzip(TinyData.IdxImages(50, 50))[..2000], ".gz", 50);
        Refused("train-images-idx3-ubyte.gz", "pretrain", "--data", folder.PathOf("set"), "--out", Out);
    }

    [Fact]
    public void IdxHeaderThatLiesAboutItsSizeIsRefused()
    {
        WriteSet(TinyData.IdxImages(50, 60), "", 60);
        Refused("train-images-idx3-ubyte", "pretrain", "--data", folder.PathOf("set"), "--out", Out);
    }

    [Fact]
    public void PngCutShortIsRefusedByCorrupt()
    {
        string picture = CutPng("cut.png");
        Refused("truncated", "corrupt", picture, folder.PathOf("out.png"), "--corruption", "contrast", "--severity", "3");
        Assert.False(File.Exists(folder.PathOf("out.png")));
    }

    [Fact]
    public void PngCutShortIsRefusedByPredict() =>
        Refused("truncated", "predict", CutPng("cut.png"), "--model", TinyData.Model, "--data", TinyData.Directory);

    [Fact]
    public void PngCutShortIsRefusedByTrainingWithoutHalfWrittenFiles()
    {
        for (int i = 0; i < 20; i++)
            TinyData.WritePng(folder.PathOf("set", $"class{i % 10}", $"{i}.png"), i);
        CutPng("set/class3/3.png");
        var call = Soonish("pretrain", "--model", "resnet_fashion", "--data", folder.PathOf("set"), "--batch", "8", "--out", Out);
        Assert.Equal(2, call.Code);
        Assert.Contains("3.png", Assert.Single(call.ErrorLines));
        Assert.Contains("\"status\": \"failed\"", File.ReadAllText(Path.Combine(Out, "run.json")));
        Assert.DoesNotContain(Directory.GetFiles(Out), f => f.EndsWith(".tmp", StringComparison.Ordinal));
    }

    [Fact]
    public void ImageFolderWithoutClassesIsRefused()
    {
        TinyData.WritePng(folder.PathOf("set", "lonely.png"), 1);
        Refused("without class folders found", "pretrain", "--data", folder.PathOf("set"), "--out", Out);
    }

    [Fact]
    public void UnknownPresetIsRefused() =>
        Refused("no such preset", "pretrain", "--model", "vit_enormous", "--data", TinyData.Directory, "--out", Out);

    [Fact]
    public void BatchOfNoImagesIsRefused() => Refused("--batch: '0' found", "pretrain", "--batch", "0", "--out", Out);

    [Fact]
    public void NotANumberInACheckpointIsRefused()
    {
        byte[] model = File.ReadAllBytes(Path.Combine(TinyData.Model, "checkpoint.safetensors"));
        BitConverter.TryWriteBytes(model.AsSpan(model.Length - sizeof(float)), float.NaN);
        string path = folder.Write("nan.safetensors", model);
        Refused("nan.safetensors", "finetune", "--model", path, "--data", TinyData.Directory, "--out", Out);
        Refused("nan.safetensors", "bench", "--model", path, "--data", TinyData.Directory, "--out", Out);
    }

    [Fact]
    public void SafetensorsHeaderOfTwoToThe60BytesIsRefused()
    {
        string path = folder.Write("huge.safetensors", [0, 0, 0, 0, 0, 0, 0, 0x10, (byte)'{', (byte)'}']);
        Refused("huge.safetensors", "bench", "--model", path, "--data", TinyData.Directory, "--out", Out);
        Refused("huge.safetensors", "inspect", path);
    }

    [Theory]
    [InlineData("plain/file/run")]
    [InlineData("/proc/robustify")]
    public void OutputThatCannotBeWrittenIsRefused(string output)
    {
        folder.Write("plain/file", [1]);
        Refused("--out", "pretrain", "--model", "resnet_fashion", "--data", TinyData.Directory, "--out", Path.Combine(folder.Root, output));
    }

    [Fact]
    public void ModelOfOtherClassesThanTheDataIsRefused()
    {
        for (int i = 0; i < 12; i++)
            TinyData.WritePng(folder.PathOf("set", $"class{i % 3}", $"{i}.png"), i);
        Refused("3 classes found", "pretrain", "--model", "resnet_fashion", "--data", folder.PathOf("set"), "--out", Out);
    }

    private void Refused(string because, params string[] arguments)
    {
        var call = Soonish(arguments);
        Assert.True(call.Code == 2, $"exit {call.Code}: {call.Error}");
        string line = Assert.Single(call.Error.TrimEnd('\n').Split('\n'));
        Assert.StartsWith("robustify: ", line);
        Assert.Contains(because, line);
        Assert.Empty(call.Out);
        Assert.False(Directory.Exists(Out), "a refused run left its directory");
    }

    private static Call Soonish(params string[] arguments)
    {
        _ = TinyData.Model; // made before the clock runs
        var watch = Stopwatch.StartNew();
        var call = BuiltProgram.Run(arguments);
        Assert.True(watch.Elapsed < Soon, $"took {watch.Elapsed.TotalSeconds:F1} s");
        return call;
    }

    private void WriteSet(byte[] images, string extension, int labels)
    {
        folder.Write("set/train-images-idx3-ubyte" + extension, images);
        folder.Write("set/train-labels-idx1-ubyte", TinyData.IdxLabels(labels));
        folder.Write("set/t10k-images-idx3-ubyte", TinyData.IdxImages(10, 10));
        folder.Write("set/t10k-labels-idx1-ubyte", TinyData.IdxLabels(10));
    }

    private string CutPng(string name)
    {
        string path = TinyData.WritePng(folder.PathOf(name), 3);
        byte[] whole = File.ReadAllBytes(path);
        File.WriteAllBytes(path, whole[..(whole.Length / 2)]);
        return path;
    }

    private static byte[] Gzip(byte[] content)
    {
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Fastest))
            gzip.Write(content);
        return packed.ToArray();
    }
}
