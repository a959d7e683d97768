using System.IO.Compression;
using Robustify.Native.Models.Checkpoints;
using Robustify.Native.Models.Checkpoints.Torch;

namespace Robustify.Native.Tests.Models.Checkpoints.Torch;

/// <summary>PyTorch's state dicts: what is read, and that nothing else is.</summary>
public sealed class TorchFileTests
{
    private static readonly float[] Six = [1, 2, 3, 4, 5, 6];

    [Fact]
    public void TensorsOfAnOrderedDictionaryAreReadInOrderWithTheirMetadataPassedOver()
    {
        var archive = new TorchArchive().Start().EmptyOrderedDictionary().Raw((byte)'(')
            .Text("b.weight").Floats("0", Six, 2, 3)
            .Text("a").Tensor("LongStorage", "1", [7, 0, 0, 0, 0, 0, 0, 0], 1, 0, [], [])
            .Text("note").Text("not a tensor")
            .Raw((byte)'u').Raw((byte)'}').Text("_metadata").EmptyOrderedDictionary().Raw((byte)'s', (byte)'b');
        using var file = Open(archive.End());
        Assert.Equal(["b.weight", "a"], file.Names);
        var values = new float[6];
        file.ReadSingles("b.weight", values);
        Assert.Equal(Six, values);
        Assert.Equal([2L, 3L], file.Require("b.weight").Shape);
        Assert.Equal(StoredDType.I64, file.Require("a").DType);
        Assert.Equal(7, file.Require("a").Data[0]);
    }

    [Fact]
    public void ATransposedSliceOfASharedStorageIsGatheredInRowMajorOrder()
    {
        byte[] storage = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11];
        var archive = new TorchArchive().Start().Raw((byte)'}', (byte)'(')
            .Text("t").Tensor("ByteStorage", "0", storage, 12, 1, [2, 3], [1, 4])
            .Text("s").Tensor("ByteStorage", "0", storage, 12, 8, [4], [1])
            .Raw((byte)'u');
        using var file = Open(archive.End());
        Assert.Equal([1, 5, 9, 2, 6, 10], file.Require("t").Data.ToArray());
        Assert.Equal([8, 9, 10, 11], file.Require("s").Data.ToArray());
    }

    [Theory]
    [InlineData("state_dict", "module.", "x")]
    [InlineData("model", "", "x")]
    [InlineData("state_dict", "_orig_mod.", "x")]
    public void AStateDictInsideATrainingCheckpointIsFoundAndItsWrapperTakenOff(string key, string prefix, string name)
    {
        var archive = new TorchArchive().Start().Raw((byte)'}', (byte)'(').Text("epoch").Integer(3)
            .Text(key).Raw((byte)'}').Text(prefix + name).Floats("0", Six, 6).Raw((byte)'s').Raw((byte)'u');
        using var file = Open(archive.End());
        Assert.Equal([name], file.Names);
    }

    [Theory]
    [InlineData("os", "system")]
    [InlineData("builtins", "eval")]
    [InlineData("builtins", "getattr")]
    [InlineData("torch.nn.modules.linear", "Linear")]
    [InlineData("torch", "load")]
    public void AnyOtherGlobalIsRefusedByName(string module, string name)
    {
        var archive = new TorchArchive().Start().Global(module, name).Text("true").Raw(0x85, (byte)'R');
        Refuses($"names '{module}.{name}'", archive.End());
        // By the two texts of protocol 4 as well.
        Refuses($"names '{module}.{name}'", new TorchArchive().Raw(0x80, 4).Text(module).Text(name).Raw(0x93).End());
    }

    [Fact]
    public void TensorsThatReachOutOfTheirStorageAreRefused()
    {
        Refuses("reaches element 6 of a storage of 6", Single([6], [1], 1));
        Refuses("reaches element 10 of a storage of 6", Single([2, 3], [6, 2], 0));
        Refuses("reaches element 6 of a storage of 6", Single([7], [1], 0));
        Refuses("more than twice the file's", Single([1 << 20], [0], 0));
        Refuses("has shape [2147483647, 2147483647, 2147483647]", Single([int.MaxValue, int.MaxValue, int.MaxValue], [0, 0, 0], 0));
    }

    [Fact]
    public void ArchivesThatAreCompressedOfOtherByteOrderOrCutAreRefused()
    {
        TorchArchive Small() => new TorchArchive().Start().Raw((byte)'}').Text("x").Floats("0", new float[100], 100).Raw((byte)'s');
        Refuses("compressed or encrypted", Small().End(CompressionLevel.Optimal));
        Refuses("byte order is not 'little'", Small().End(byteOrder: "big"));
        byte[] whole = Small().End();
        Refuses("so the file was cut", whole[..^30]);
        Refuses("a bare pickle found", [0x80, 2, (byte)'}', (byte)'q', 0, (byte)'X', 1, 0, 0, 0, (byte)'a']);
        Refuses("a file of HDF5 (Keras) found", [0x89, .. "HDF\r\n\x1a\n"u8, 0, 0]);
        Refuses("a file of PNG found", [0x89, .. "PNG\r\n\x1a\n"u8, 0, 0]);
        Refuses("a file of ONNX found", [8, 8, 0x12, 7, .. "pytorch"u8]);
        Refuses("a pointer of Git LFS found", "version https://git-lfs.github.com/spec/v1\noid sha256:0\n"u8.ToArray());
        Refuses("a page of the web found", "<!DOCTYPE html><html><body>404</body></html>"u8.ToArray());
        Refuses("holds no tensors by name", new TorchArchive().Start().Raw((byte)'}').End());
    }

    private static byte[] Single(int[] shape, int[] strides, int offset) => new TorchArchive().Start().Raw((byte)'}').Text("x")
        .Tensor("FloatStorage", "0", new byte[24], 6, offset, shape, strides).Raw((byte)'s').End();

    private static ITensorFile Open(byte[] bytes)
    {
        using var folder = new TemporaryFolder();
        File.WriteAllBytes(folder.File("model.pth"), bytes);
        return TensorFiles.Open(folder.File("model.pth")); // The mapping outlives the name.
    }

    private static void Refuses(string expected, byte[] bytes) => RawSafetensors.Refuses(expected, () => Open(bytes).Dispose());
}
