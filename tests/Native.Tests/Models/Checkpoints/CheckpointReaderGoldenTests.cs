using System.Text.Json;
using Robustify.Native.Models.Checkpoints;
using Robustify.Native.Tests.Golden;

namespace Robustify.Native.Tests.Models.Checkpoints;

/// <summary>
/// The published layouts against independent index arithmetic, element by element, on every checkpoint of the reference set: the
/// folders with a known family, whatever they are called.
/// </summary>
[Trait("Category", "Golden")]
public class CheckpointReaderGoldenTests
{
    /// <summary>Folder, file (models, gradients, running statistics).</summary>
    public static TheoryData<string, string> Files
    {
        get
        {
            var files = new TheoryData<string, string>();
            foreach (string folder in GoldenData.Directories("models").Where(f => FamilyOf(f) is not null))
            {
                foreach (string path in Directory.GetFiles(GoldenData.PathOf("models", folder), "*.safetensors").Order(StringComparer.Ordinal))
                {
                    if (!Path.GetFileName(path).StartsWith("activations", StringComparison.Ordinal))
                        files.Add(folder, Path.GetFileName(path));
                }
            }

            return files;
        }
    }

    /// <summary>Those of the files that hold a whole model.</summary>
    public static TheoryData<string, string> Models
    {
        get
        {
            var models = new TheoryData<string, string>();
            foreach (object[] file in Files)
            {
                if (((string)file[1]).StartsWith("model", StringComparison.Ordinal))
                    models.Add((string)file[0], (string)file[1]);
            }

            return models;
        }
    }

    [Theory]
    [MemberData(nameof(Files))]
    public void EveryTensorLandsUnderItsEngineNameInTheEngineLayout(string folder, string fileName)
    {
        string path = GoldenData.PathOf("models", folder, fileName);
        using var raw = SafetensorsFile.Open(path);
        using var reader = CheckpointReader.Open(path);
        Assert.Equal(FamilyOf(folder), reader.Family);
        int elements = 0;
        foreach (string name in reader.EngineNames)
        {
            int[] shape = reader.Shape(name);
            var values = new float[shape.Aggregate(1, (a, b) => a * b)];
            reader.Read(name, values);
            elements += values.Length;
            Assert.Equal(Expected(raw, reader.Family, name, shape), values);
        }

        // Nothing lost: what is not the count of batches is there once.
        int stored = 0;
        foreach (string name in raw.Names)
        {
            raw.TryGet(name, out TensorEntry entry);
            stored += name.EndsWith("num_batches_tracked", StringComparison.Ordinal) ? 0 : entry.ElementCount;
        }

        Assert.Equal(stored, elements);
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void AModelFileTellsItsArchitecture(string folder, string fileName)
    {
        using var reader = CheckpointReader.Open(GoldenData.PathOf("models", folder, fileName));
        JsonElement config = GoldenData.Json("models", folder, "config.json");
        int Number(params string[] keys) => keys.Where(k => config.TryGetProperty(k, out _)).Select(k => config.GetProperty(k).GetInt32()).First();
        int[] Numbers(string key) => [.. config.GetProperty(key).EnumerateArray().Select(x => x.GetInt32())];
        if (reader.Describe() is ResNetDescription residual)
        {
            Assert.Equal(config.GetProperty("block").GetString() == "BasicBlock" ? ResNetBlockKind.Basic : ResNetBlockKind.Bottleneck, residual.Block);
            Assert.Equal(Numbers("layers"), residual.Layers);
            Assert.Equal(Numbers("stage_widths"), residual.StageWidths);
            Assert.Equal(Numbers("stage_widths").Select(w => w * Number("expansion")), residual.StageOutputs);
            Assert.Equal((Number("stem_width"), 7, 3, Number("num_classes")), (residual.StemWidth, residual.StemKernel, residual.Channels, residual.Classes));
            return;
        }

        int side = Number("image_size") / Number("patch_size");
        int classes = config.TryGetProperty("id2label", out JsonElement labels) ? labels.EnumerateObject().Count() : Number("num_classes");
        var expected = new VisionTransformerDescription(
            3, classes, side * side, Number("patch_size"), Number("hidden", "hidden_size"), Number("layers", "num_hidden_layers"),
            Number("mlp", "intermediate_size"), Number("heads", "num_attention_heads"), config.GetProperty("layer_norm_eps").GetDouble());
        Assert.Equal(expected, reader.Describe());
        Assert.Equal(Number("image_size"), ((VisionTransformerDescription)reader.Describe()).ImageSize);
    }

    [Theory]
    [MemberData(nameof(Files))]
    public void AFileWrittenFromTheEngineIsThePublishedOneAndReadsTheSame(string folder, string fileName)
    {
        using var temporary = new TemporaryFolder();
        using var reader = CheckpointReader.Open(GoldenData.PathOf("models", folder, fileName));
        var tensors = new List<CheckpointTensor>();
        foreach (string name in reader.EngineNames)
        {
            int[] shape = reader.Shape(name);
            var values = new float[shape.Aggregate(1, (a, b) => a * b)];
            reader.Read(name, values);
            tensors.Add(new CheckpointTensor(name, shape, values));
        }

        CheckpointWriter.Write(temporary.File("written.safetensors"), tensors);
        using var again = CheckpointReader.Open(temporary.File("written.safetensors"));
        Assert.Equal(reader.EngineNames, again.EngineNames);
        again.Match([.. tensors.Select(t => (t.Name, t.Shape))]);
        foreach (CheckpointTensor tensor in tensors)
        {
            var values = new float[tensor.Values.Length];
            again.Read(tensor.Name, values);
            Assert.True(tensor.Values.Span.SequenceEqual(values), tensor.Name);
        }

        // timm and torchvision ResNet bear the engine's names, so for them the raw tensors themselves must be those published.
        if (reader.Family is not (CheckpointFamily.TimmVisionTransformer or CheckpointFamily.ResNet))
            return;
        using var published = SafetensorsFile.Open(GoldenData.PathOf("models", folder, fileName));
        using var written = SafetensorsFile.Open(temporary.File("written.safetensors"));
        foreach (string name in written.Names)
        {
            written.TryGet(name, out TensorEntry mine);
            Assert.True(published.TryGet(name, out TensorEntry theirs), name);
            Assert.Equal(theirs.Shape, mine.Shape);
            Assert.True(theirs.Data.SequenceEqual(mine.Data), name);
        }
    }

    private static CheckpointFamily? FamilyOf(string folder)
    {
        string path = GoldenData.PathOf("models", folder, "config.json");
        if (!File.Exists(path))
            return null;
        JsonElement config = GoldenData.Json("models", folder, "config.json");
        if (config.TryGetProperty("architectures", out _))
            return CheckpointFamily.HuggingFaceVisionTransformer;
        return config.TryGetProperty("family", out JsonElement family) ? family.GetString() switch
        {
            "timm VisionTransformer" => CheckpointFamily.TimmVisionTransformer,
            "torchvision VisionTransformer" => CheckpointFamily.TorchvisionVisionTransformer,
            "torchvision ResNet" => CheckpointFamily.ResNet,
            _ => null,
        } : null;
    }

    /// <summary>The engine's tensor by the definition of its layout, with names spelt out apart from the mapping under test.</summary>
    private static float[] Expected(SafetensorsFile raw, CheckpointFamily family, string engineName, int[] shape)
    {
        string[] names = PublishedNames.Of(raw, family, engineName);
        float[] values = [.. names.SelectMany(n => Floats(raw, n))];
        raw.TryGet(names[0], out TensorEntry first);
        if (engineName == "input" || first.Shape.Length != 4)
            return values;
        (int outputs, int inputs, int height, int width) = ((int)first.Shape[0], (int)first.Shape[1], (int)first.Shape[2], (int)first.Shape[3]);
        Assert.Equal(engineName == "patch_embed.proj.weight" ? [outputs, height * width * inputs] : new[] { outputs, height, width, inputs }, shape);
        var expected = new List<float>();
        for (int o = 0; o < outputs; o++)
        {
            for (int y = 0; y < height; y++)
            {
                for (int x = 0; x < width; x++)
                {
                    for (int i = 0; i < inputs; i++)
                        expected.Add(values[((o * inputs + i) * height + y) * width + x]);
                }
            }
        }

        return [.. expected];
    }

    private static float[] Floats(SafetensorsFile raw, string name)
    {
        Assert.True(raw.TryGet(name, out TensorEntry entry), name);
        var values = new float[entry.ElementCount];
        raw.ReadFloat32(name, values);
        return values;
    }
}
