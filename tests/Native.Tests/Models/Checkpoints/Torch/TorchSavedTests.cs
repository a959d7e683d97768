using System.Text.Json;
using Robustify.Native.Models.Checkpoints;
using Robustify.Native.Tests.Golden;

namespace Robustify.Native.Tests.Models.Checkpoints.Torch;

/// <summary>Files that PyTorch wrote: plain, of training scripts, and in the format from before 1.6.</summary>
public sealed class TorchSavedTests
{
    private static readonly Dictionary<string, StoredDType> Types = new(StringComparer.Ordinal)
    {
        ["float64"] = StoredDType.F64, ["float32"] = StoredDType.F32, ["float16"] = StoredDType.F16, ["bfloat16"] = StoredDType.BF16,
        ["int64"] = StoredDType.I64, ["bool"] = StoredDType.BOOL, ["complex64"] = StoredDType.C64,
    };

    public static TheoryData<string> Saved() => [.. Values().EnumerateObject().Select(file => file.Name)];

    [Theory]
    [MemberData(nameof(Saved))]
    [Trait("Category", "Golden")]
    public void AFileOfTorchSaveHoldsTheStateDictThatIsMeantBitForBitOrIsRefused(string name)
    {
        JsonElement meant = Values().GetProperty(name);
        if (meant.ValueKind == JsonValueKind.String)
        {
            RawSafetensors.Refuses(meant.GetString()!, () => TensorFiles.Open(PathOf(name)).Dispose());
            return;
        }

        using ITensorFile file = TensorFiles.Open(PathOf(name));
        Assert.Equal(meant.EnumerateObject().Select(tensor => tensor.Name), file.Names);
        foreach (JsonProperty tensor in meant.EnumerateObject())
        {
            TensorEntry entry = file.Require(tensor.Name);
            Assert.Equal(Types[tensor.Value[0].GetString()!], entry.DType);
            Assert.Equal(tensor.Value[1].EnumerateArray().Select(extent => extent.GetInt64()), entry.Shape);
            Assert.Equal(tensor.Value[2].GetString(), Convert.ToHexStringLower(entry.Data));
        }
    }

    [Fact]
    [Trait("Category", "Golden")]
    public void ShardsOfPyTorchWithAnIndexAreOneCheckpointAndAnIndexIsNoShard()
    {
        using var folder = new TemporaryFolder();
        File.Copy(PathOf("plain.pth"), folder.File("pytorch_model-1.bin"));
        File.WriteAllBytes(folder.File("pytorch_model-2.bin"), new TorchArchive().Start().Raw((byte)'}').Text("more").Floats("0", [1, 2], 2).Raw((byte)'s').End());
        string index = folder.File("pytorch_model.bin.index.json");
        var plain = Values().GetProperty("plain.pth").EnumerateObject().Select(tensor => $"\"{tensor.Name}\":\"pytorch_model-1.bin\"");
        File.WriteAllText(index, $"{{\"weight_map\":{{{string.Join(",", plain)},\"more\":\"pytorch_model-2.bin\"}}}}");
        using (ITensorFile file = TensorFiles.Open(TensorFiles.In(folder.Path)!))
        {
            Assert.Equal("PyTorch state dict in 2 files", file.Format);
            Assert.Equal([2L], file.Require("more").Shape);
            Assert.Equal([3L, 4L], file.Require("weight").Shape);
        }

        File.WriteAllText(index, "{\"weight_map\":{\"more\":\"pytorch_model.bin.index.json\"}}");
        RawSafetensors.Refuses("use an intact safetensors file", () => TensorFiles.Open(index).Dispose());
    }

    [Fact]
    [Trait("Category", "Golden")]
    public void AnOldFileThatIsCutAnywhereIsRefused()
    {
        byte[] whole = File.ReadAllBytes(PathOf("legacy.pth"));
        using var folder = new TemporaryFolder();
        for (int length = 0; length < whole.Length; length++)
        {
            File.WriteAllBytes(folder.File("model.pth"), whole[..length]);
            RawSafetensors.Refuses("model.pth", () => TensorFiles.Open(folder.File("model.pth")).Dispose());
        }
    }

    private static JsonElement Values() => GoldenData.Json("models", "torch_saved", "values.json");

    private static string PathOf(string name) => GoldenData.PathOf("models", "torch_saved", name);
}
