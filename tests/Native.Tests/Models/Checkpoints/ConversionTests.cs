using System.Text.Json;
using Robustify.Native.Models;
using Robustify.Native.Models.Checkpoints;
using Robustify.Native.Tests.Golden;
using Robustify.Native.Tests.Models.Checkpoints.Torch;

namespace Robustify.Native.Tests.Models.Checkpoints;

/// <summary>Published checkpoints of the reference set under other names and back.</summary>
[Trait("Category", "Golden")]
public sealed class ConversionTests
{
    public static TheoryData<string, CheckpointNaming> Routes()
    {
        var routes = new TheoryData<string, CheckpointNaming>();
        foreach (string folder in GoldenData.Directories("models").Where(f => File.Exists(GoldenData.PathOf("models", f, "model.safetensors"))))
        {
            using var reader = CheckpointReader.Open(GoldenData.PathOf("models", folder, "model.safetensors"));
            foreach (var naming in Enum.GetValues<CheckpointNaming>().Where(n => HasNames(reader, n)))
                routes.Add(folder, naming);
        }

        return routes;
    }

    [Theory]
    [MemberData(nameof(Routes))]
    public void ThereAndBackGivesEveryTensorBitForBit(string folder, CheckpointNaming naming)
    {
        using var temporary = new TemporaryFolder();
        string original = GoldenData.PathOf("models", folder, "model.safetensors");
        var source = ModelSource.Resolve(original);
        Assert.Empty(source.Convert(temporary.File("there.safetensors"), naming, null, source.Preprocessing));
        var there = ModelSource.Resolve(temporary.File("there.safetensors"));
        Assert.Equal(source.Model.Description, there.Model.Description);
        there.Convert(temporary.File("back.safetensors"), NamingOf(source.Family), null, there.Preprocessing);
        using SafetensorsFile first = SafetensorsFile.Open(original), back = SafetensorsFile.Open(temporary.File("back.safetensors"));
        Assert.Equal(first.Names.Order(StringComparer.Ordinal), back.Names.Order(StringComparer.Ordinal));
        foreach (string name in first.Names)
        {
            TensorEntry a = first.Require(name), b = back.Require(name);
            Assert.Equal(a.Shape, b.Shape);
            Assert.Equal(a.DType, b.DType);
            Assert.True(a.Data.SequenceEqual(b.Data), name);
        }
    }

    [Theory]
    [InlineData("timm_deit3_vit", CheckpointNaming.HuggingFace, "'blocks.0.ls1.gamma' has no name in HuggingFaceVisionTransformer")]
    [InlineData("hf_deit_vit", CheckpointNaming.Timm, "HuggingFaceDeit has no names of Timm")]
    public void WhereALibraryHasNoSuchModelItIsRefusedAndNothingWritten(string folder, CheckpointNaming naming, string expected)
    {
        using var temporary = new TemporaryFolder();
        var source = ModelSource.Resolve(GoldenData.PathOf("models", folder, "model.safetensors"));
        RawSafetensors.Refuses(expected, () => source.Convert(temporary.File("other.safetensors"), naming, null, source.Preprocessing));
        Assert.False(File.Exists(temporary.File("other.safetensors")));
    }

    [Theory]
    [MemberData(nameof(Routes))]
    public void UnderOtherNamesTheModelLoadsTheSameWeights(string folder, CheckpointNaming naming)
    {
        using var temporary = new TemporaryFolder();
        var source = ModelSource.Resolve(GoldenData.PathOf("models", folder, "model.safetensors"));
        source.Convert(temporary.File("other.safetensors"), naming, null, source.Preprocessing);
        using var expected = source.LoadClassifier(_ => false, 0);
        using var actual = ModelSource.Resolve(temporary.File("other.safetensors")).LoadClassifier(_ => false, 0);
        foreach (var parameter in expected.All)
            Assert.True(parameter.Value.View.Span.SequenceEqual(actual[parameter.Spec.Name].Value.View.Span), parameter.Spec.Name);
    }

    [Theory]
    [InlineData("f16", 1.0 / 2048)]
    [InlineData("bf16", 1.0 / 256)]
    public void HalfPrecisionRoundsToNearest(string type, double relative)
    {
        using var temporary = new TemporaryFolder();
        var source = ModelSource.Resolve(GoldenData.PathOf("models", "timm_vit", "model.safetensors"));
        source.Convert(temporary.File("half.safetensors"), CheckpointNaming.Same, Enum.Parse<StoredDType>(type, ignoreCase: true), source.Preprocessing);
        using SafetensorsFile full = SafetensorsFile.Open(GoldenData.PathOf("models", "timm_vit", "model.safetensors")),
            half = SafetensorsFile.Open(temporary.File("half.safetensors"));
        foreach (string name in full.Names)
        {
            float[] a = new float[full.Require(name).ElementCount], b = new float[a.Length];
            full.ReadSingles(name, a);
            half.ReadSingles(name, b);
            // Half a unit in the last place of the fraction, and F16's smallest subnormal.
            for (int i = 0; i < a.Length; i++)
                Assert.InRange(Math.Abs(a[i] - b[i]), 0, relative * Math.Abs(a[i]) + 6e-8);
        }
    }

    [Theory]
    [InlineData(StoredDType.F16, 65520f)] // Halfway from the largest to the next power of two, hence up.
    [InlineData(StoredDType.BF16, float.MaxValue)]
    [InlineData(StoredDType.F16, float.NaN)]
    public void AValueThatAnotherTypeCannotHoldIsNamedAndNothingIsWritten(StoredDType type, float value)
    {
        using var temporary = new TemporaryFolder();
        var values = new float[70_000];
        values[66_001] = value;
        var writer = new SafetensorsWriter();
        writer.AddFloats("blocks.0.norm1.weight", [2, 35_000], values);
        writer.Save(temporary.File("a"));
        using (var reader = CheckpointReader.Open(temporary.File("a")))
        {
            RawSafetensors.Refuses(
                $"'blocks.0.norm1.weight' has a value that {type} cannot hold as a finite number, element 66001",
                () => CheckpointConversion.Convert(reader, temporary.File("b"), CheckpointNaming.Same, type, new Dictionary<string, string>()));
        }

        Assert.Equal([temporary.File("a")], Directory.GetFiles(temporary.Path));
    }

    [Fact]
    public void ShardsWithAnIndexAreOneCheckpoint()
    {
        using var temporary = new TemporaryFolder();
        string original = GoldenData.PathOf("models", "timm_vit", "model.safetensors");
        using var whole = SafetensorsFile.Open(original);
        var places = new Dictionary<string, string>();
        for (int shard = 0; shard < 2; shard++)
        {
            var writer = new SafetensorsWriter();
            foreach (string name in whole.Names.Where((_, i) => i % 2 == shard))
            {
                var values = new float[whole.Require(name).ElementCount];
                whole.ReadSingles(name, values);
                writer.AddFloats(name, whole.Require(name).Shape, values);
                places.Add(name, $"model-{shard}.safetensors");
            }

            writer.Save(temporary.File($"model-{shard}.safetensors"));
        }

        string index = temporary.File("model.safetensors.index.json");
        string map = string.Join(",", places.Select(p => $"\"{p.Key}\":\"{p.Value}\""));
        File.WriteAllText(index, $"{{\"metadata\":{{}},\"weight_map\":{{{map}}}}}");
        File.Copy(GoldenData.PathOf("models", "timm_vit", "config.json"), temporary.File("config.json"));
        using var expected = ModelSource.Resolve(original).LoadClassifier(_ => false, 0);
        using var actual = ModelSource.Resolve(Path.GetDirectoryName(index)!).LoadClassifier(_ => false, 0);
        foreach (var parameter in expected.All)
            Assert.True(parameter.Value.View.Span.SequenceEqual(actual[parameter.Spec.Name].Value.View.Span), parameter.Spec.Name);
        File.WriteAllText(index, $"{{\"weight_map\":{{{map.Replace("model-1", "../model-1", StringComparison.Ordinal)}}}}}");
        RawSafetensors.Refuses("a file of the same folder expected", () => TensorFiles.Open(index).Dispose());
    }

    [Fact]
    public void APyTorchStateDictGivesTheSameModelAsItsSafetensors()
    {
        using var temporary = new TemporaryFolder();
        string original = GoldenData.PathOf("models", "torchvision_vit", "model.safetensors");
        using var file = SafetensorsFile.Open(original);
        var archive = new TorchArchive().Start().EmptyOrderedDictionary().Raw((byte)'(');
        int key = 0;
        foreach (string name in file.Names)
        {
            var values = new float[file.Require(name).ElementCount];
            file.ReadSingles(name, values);
            archive.Text(name).Floats($"{key++}", values, [.. file.Require(name).Shape.Select(x => (int)x)]);
        }

        File.WriteAllBytes(temporary.File("vit.pth"), archive.Raw((byte)'u').End());
        File.Copy(GoldenData.PathOf("models", "torchvision_vit", "config.json"), temporary.File("config.json"));
        using var expected = ModelSource.Resolve(original).LoadClassifier(_ => false, 0);
        using var actual = ModelSource.Resolve(temporary.File("vit.pth")).LoadClassifier(_ => false, 0);
        foreach (var parameter in expected.All)
            Assert.True(parameter.Value.View.Span.SequenceEqual(actual[parameter.Spec.Name].Value.View.Span), parameter.Spec.Name);
    }

    // timm alone has layer scales in a ViT, Hugging Face alone a distillation token that is not read. CLIP's models have tests of their own.
    private static bool HasNames(CheckpointReader reader, CheckpointNaming naming) => naming switch
    {
        CheckpointNaming.OpenClip => false,
        CheckpointNaming.Same => true,
        _ when reader.Family == CheckpointFamily.HuggingFaceDeit => naming == CheckpointNaming.HuggingFace,
        _ when reader.Contains("blocks.0.ls1.gamma") => naming == CheckpointNaming.Timm,
        _ => true,
    };

    private static CheckpointNaming NamingOf(CheckpointFamily family) => family switch
    {
        CheckpointFamily.TorchvisionVisionTransformer or CheckpointFamily.TorchvisionConvNext => CheckpointNaming.Torchvision,
        CheckpointFamily.HuggingFaceVisionTransformer or CheckpointFamily.HuggingFaceDeit or CheckpointFamily.HuggingFaceResNet => CheckpointNaming.HuggingFace,
        _ => CheckpointNaming.Timm,
    };
}
