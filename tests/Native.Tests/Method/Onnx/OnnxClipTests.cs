using Robustify.Native.Evaluation.ZeroShot;
using Robustify.Native.Method.Onnx;
using Robustify.Native.Models;
using Robustify.Native.Models.Checkpoints;
using Robustify.Native.Tests.Golden;
using Robustify.Native.Tests.Models.Checkpoints;

namespace Robustify.Native.Tests.Method.Onnx;

/// <summary>Exported CLIP image towers of every kind, run by ONNX Runtime, against the published definition.</summary>
[Trait("Category", "Golden")]
public sealed class OnnxClipTests
{
    // Float32 rounding in another order of sums; the reference allows 1e-5 of the largest value.
    private const double Tolerance = 2e-5;

    public static TheoryData<string> Folders() =>
        [.. GoldenData.Directories("models").Where(f => File.Exists(GoldenData.PathOf("models", f, "open_clip_model.safetensors")))];

    [Theory]
    [MemberData(nameof(Folders))]
    public void AnImageTowerGivesTheRecordedEmbeddings(string folder)
    {
        using var temporary = new TemporaryFolder();
        var source = ModelSource.Resolve(Checkpoint(folder));
        OnnxExport.Write(source, temporary.File("tower.onnx"));
        using var run = Run(temporary.File("tower.onnx"), folder);
        Assert.Equal(["embedding"], run.Outputs);
        var (features, width) = Activation(folder, "image_features");
        OnnxRun.AssertClose(Unit(features, width), run.Floats("embedding"), Tolerance);
    }

    [Theory]
    [MemberData(nameof(Folders))]
    public void AZeroShotClassifierGivesTheRecordedLogitsOfItsTexts(string folder)
    {
        using var temporary = new TemporaryFolder();
        var (texts, width) = Activation(folder, "text_features");
        using (var reader = CheckpointReader.Open(Checkpoint(folder)))
        {
            float[] scale = [0];
            reader.Read("logit_scale", scale);
            float[] weights = Array.ConvertAll(Unit(texts, width), x => (float)(Math.Exp(scale[0]) * x));
            using var classifier = ZeroShotClassifier.Create(Checkpoint(folder), weights, new ModelOverrides());
            classifier.Save(temporary.File("classifier.safetensors"));
        }

        OnnxExport.Write(ModelSource.Resolve(temporary.File("classifier.safetensors")), temporary.File("classifier.onnx"));
        using var run = Run(temporary.File("classifier.onnx"), folder);
        Assert.Equal(["embedding", "logits"], run.Outputs);
        double[] logits = [.. Expected(folder).GetProperty("zeroshot").GetProperty("logits_per_image").EnumerateArray().SelectMany(GoldenData.Doubles)];
        OnnxRun.AssertClose(logits, run.Floats("logits"), Tolerance);
    }

    [Fact]
    public void TheFileStatesItsPreprocessing()
    {
        using var temporary = new TemporaryFolder();
        var asked = new ModelOverrides { Preprocessing = new PreprocessingOverrides { CropRatio = 0.875 } };
        OnnxExport.Write(ModelSource.Resolve(Checkpoint("clip_gelu"), asked), temporary.File("tower.onnx"));
        using var run = Run(temporary.File("tower.onnx"), "clip_gelu");
        Assert.Equal("32", run.Metadata["robustify.image_size"]);
        Assert.Equal("0.48145466,0.4578275,0.40821073", run.Metadata["robustify.mean"]);
        Assert.Equal("0.26862954,0.26130258,0.27577711", run.Metadata["robustify.std"]);
        Assert.Equal("0.875", run.Metadata["robustify.crop_ratio"]);
        Assert.Equal("bicubic", run.Metadata["robustify.interpolation"]);
        Assert.Equal(
            "shorter side 36 bicubic, crop 32, mean 0.48145466 0.4578275 0.40821073, deviation 0.26862954 0.26130258 0.27577711", run.Metadata["preprocessing"]);
    }

    private static string Checkpoint(string folder) => GoldenData.PathOf("models", folder, "open_clip_model.safetensors");

    private static System.Text.Json.JsonElement Expected(string folder) => GoldenData.Json("models", folder, "expected.json");

    private static OnnxRun Run(string model, string folder) => new(
        model, GoldenData.Floats("models", folder, "image.f32.bin"),
        [.. Expected(folder).GetProperty("image").GetProperty("shape").EnumerateArray().Select(x => x.GetInt32())]);

    private static (float[] Rows, int Width) Activation(string folder, string name)
    {
        using var activations = SafetensorsFile.Open(GoldenData.PathOf("models", folder, "activations.safetensors"));
        var entry = activations.Require(name);
        var values = new float[entry.ElementCount];
        activations.ReadFloat32(name, values);
        return (values, (int)entry.Shape[^1]);
    }

    /// <summary>Every row brought to length one.</summary>
    private static double[] Unit(float[] rows, int width) =>
        [.. rows.Chunk(width).SelectMany(row => row.Select(x => x / Math.Sqrt(row.Sum(y => (double)y * y))))];
}
