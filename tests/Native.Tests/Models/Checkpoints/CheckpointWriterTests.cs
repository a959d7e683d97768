using System.Runtime.InteropServices;
using Robustify.Kernels;
using Robustify.Kernels.Random;
using Robustify.Native.Models.Checkpoints;

namespace Robustify.Native.Tests.Models.Checkpoints;

public class CheckpointWriterTests
{
    public static TheoryData<string, int[], long[]> Layouts => new()
    {
        { "cls_token", [6], [1, 1, 6] },
        { "pos_embed", [5, 6], [1, 5, 6] },
        { "patch_embed.proj.weight", [6, 48], [6, 3, 4, 4] },
        { "patch_embed.proj.weight", [6, 16], [6, 1, 4, 4] },
        { "patch_embed.proj.weight", [6, 4, 4, 2], [6, 2, 4, 4] },
        { "conv1.weight", [8, 7, 7, 3], [8, 3, 7, 7] },
        { "layer2.0.downsample.0.weight", [8, 1, 1, 5], [8, 5, 1, 1] },
        { "layer3.5.conv2.weight", [4, 3, 2, 5], [4, 5, 3, 2] },
        { "blocks.11.attn.qkv.weight", [18, 6], [18, 6] },
        { "head_unclean.weight", [10, 6], [10, 6] },
        { "head_combined.bias", [10], [10] },
        { "original.blocks.11.attn.qkv.weight", [18, 6], [18, 6] },
        { "original.layer4.1.conv2.weight", [4, 3, 3, 5], [4, 5, 3, 3] },
        { "original.cls_token", [6], [1, 1, 6] },
        { "original.bn1.running_mean", [6], [6] },
        { "input", [2, 3, 4, 4], [2, 3, 4, 4] },
    };

    [Theory]
    [MemberData(nameof(Layouts))]
    public void TheFileHasThePublishedShapeAndReadsBackBitForBit(string name, int[] shape, long[] published)
    {
        using var folder = new TemporaryFolder();
        float[] values = Draw(shape.Aggregate(1, (a, b) => a * b));
        CheckpointWriter.Write(folder.File("a"), [new(name, shape, values)], new Dictionary<string, string> { ["run"] = "7" });
        using var raw = SafetensorsFile.Open(folder.File("a"));
        Assert.True(raw.TryGet(name, out TensorEntry entry));
        Assert.Equal(published, entry.Shape);
        using var reader = CheckpointReader.Open(folder.File("a"));
        Assert.Equal("7", reader.Metadata["run"]);
        bool isPatch = name == "patch_embed.proj.weight"; // comes back flattened
        Assert.Equal(isPatch ? [shape[0], values.Length / shape[0]] : shape, reader.Shape(name));
        var read = new float[values.Length];
        reader.Read(name, read);
        Assert.True(MemoryMarshal.AsBytes<float>(values).SequenceEqual(MemoryMarshal.AsBytes<float>(read)));
    }

    [Fact]
    public void BFloat16ChangesTheValuesOnlyByItsRounding()
    {
        using var folder = new TemporaryFolder();
        float[] values = [.. Enumerable.Range(0, 2 * 3 * 3 * 5).Select(i => i - 40.5f)]; // all exact in 8 bits of mantissa
        CheckpointWriter.Write(folder.File("a"), [new("conv1.weight", [2, 3, 3, 5], values)], dtype: StoredDType.BF16);
        using var reader = CheckpointReader.Open(folder.File("a"));
        var read = new float[values.Length];
        reader.Read("conv1.weight", read);
        Assert.Equal(values, read);
    }

    [Fact]
    public unsafe void ParametersOutsideTheManagedHeapAreWrittenInPlace()
    {
        using var folder = new TemporaryFolder();
        float* values = (float*)NativeMemory.Alloc(6, sizeof(float));
        try
        {
            for (int i = 0; i < 6; i++)
                values[i] = i;
            CheckpointWriter.Write(folder.File("a"), [new("norm.weight", [6], new NativeFloats(values, 6).Memory)]);
        }
        finally
        {
            NativeMemory.Free(values);
        }

        using var reader = CheckpointReader.Open(folder.File("a"));
        var read = new float[6];
        reader.Read("norm.weight", read);
        Assert.Equal([0f, 1f, 2f, 3f, 4f, 5f], read);
    }

    [Fact]
    public void APatchRowOfUntellableChannelsIsRefusedAndNothingIsWritten()
    {
        using var folder = new TemporaryFolder();
        var e = Assert.Throws<RobustifyException>(() => CheckpointWriter.Write(folder.File("a"), [new("patch_embed.proj.weight", [2, 32], new float[64])]));
        Assert.Contains("[D, P*P*3] or [D, P*P] expected", RawSafetensors.OneLineOf(e), StringComparison.Ordinal);
        Assert.Throws<RobustifyException>(() => CheckpointWriter.Write(folder.File("a"), [new("conv1.weight", [2, 3, 3, 3], new float[64])]));
        Assert.Empty(Directory.GetFileSystemEntries(folder.Path));
    }

    private static float[] Draw(int count)
    {
        var draws = new PhiloxStream(3, RandomPurpose.Initialization, 0, 0);
        var values = new float[count];
        for (int i = 0; i < count; i++)
            values[i] = BitConverter.UInt32BitsToSingle(draws.NextWord());
        return values;
    }
}
