using Robustify.Kernels.Cpu;
using Robustify.Kernels.Random;
using Robustify.Native.Evaluation;
using Robustify.Native.Graph;
using Robustify.Native.Method;
using Robustify.Native.Method.Onnx;
using Robustify.Native.Models;
using Robustify.Native.Models.Clip;
using Robustify.Native.Tests.Golden;
using Robustify.Native.Tests.Models.Checkpoints;

namespace Robustify.Native.Tests.Method.Onnx;

/// <summary>Exported models, run by ONNX Runtime.</summary>
[Trait("Category", "Golden")]
public sealed class OnnxExportTests
{
    // Float32 rounding in another order of sums; the reference allows 1e-5 of the largest logit.
    private const double Tolerance = 2e-5;

    // Fixtures where the presets are large.
    private const string ConvNext = "torchvision_convnext/model";
    private const string Clip = "clip_quickgelu/open_clip_model";
    private const string ClipResNet = "clip_rn/open_clip_model";

    // exp(logit_scale) of the published models: without it embeddings of length one give nearly equal logits.
    private const float ClipScale = 100;

    public static TheoryData<string> Folders() =>
        [.. GoldenData.Directories("models").Where(f => File.Exists(GoldenData.PathOf("models", f, "model.safetensors")))];

    [Theory]
    [MemberData(nameof(Folders))]
    public void APublishedCheckpointGivesTheRecordedLogits(string folder)
    {
        using var temporary = new TemporaryFolder();
        var expected = GoldenData.Json("models", folder, GoldenModel.IsResNet(folder) ? "expected_eval.json" : "expected.json");
        int[] nchw = [.. expected.GetProperty("input").GetProperty("shape").EnumerateArray().Select(x => x.GetInt32())];
        var source = ModelSource.Resolve(GoldenData.PathOf("models", folder, "model.safetensors"), new ModelOverrides { ImageSize = nchw[2] });
        OnnxExport.Write(source, temporary.File("model.onnx"));
        using var run = new OnnxRun(temporary.File("model.onnx"), GoldenData.Floats("models", folder, "input.f32.bin"), nchw);
        double[] logits = [.. expected.GetProperty("logits").EnumerateArray().SelectMany(GoldenData.Doubles)];
        OnnxRun.AssertClose(logits, run.Floats("logits"), Tolerance);
    }

    [Theory]
    [InlineData("resnet_fashion", TailKind.Split, TunedEnd.Last, 3)]
    [InlineData("vit_fashion", TailKind.Split, TunedEnd.First, 3)]
    [InlineData("vit_fashion", TailKind.Shared, TunedEnd.Last, 3)]
    [InlineData("vit_fashion", TailKind.Split, TunedEnd.Last, 2)]
    [InlineData("vit_fashion", TailKind.Shared, TunedEnd.First, 2)]
    [InlineData(ConvNext, TailKind.Split, TunedEnd.Last, 3)]
    [InlineData(ConvNext, TailKind.Shared, TunedEnd.First, 3)]
    [InlineData("timm_deit3_vit/model", TailKind.Split, TunedEnd.First, 3)]
    [InlineData("hf_deit_vit/model", TailKind.Split, TunedEnd.Last, 3)]
    [InlineData(Clip, TailKind.Split, TunedEnd.Last, 3)]
    [InlineData(Clip, TailKind.Shared, TunedEnd.First, 3)]
    [InlineData(Clip, TailKind.Split, TunedEnd.First, 2)]
    [InlineData(ClipResNet, TailKind.Split, TunedEnd.Last, 3)]
    [InlineData(ClipResNet, TailKind.Shared, TunedEnd.First, 3)]
    public void AStudentGivesItsHeadsAndTheSelectedAnswer(string model, TailKind tail, TunedEnd tuned, int heads)
    {
        const int batch = 16;
        using var temporary = new TemporaryFolder();
        using var backend = new CpuBackend(1);
        var source = Student(temporary, model, tail, tuned, heads, new StudentInference());
        var student = ThreeHeadedStudent.Of(source)!;
        int classes = source.Model.Classes;
        using var parameters = student.LoadTrained(source);
        using var predictor = new StudentPredictor("student", student, parameters, source.Normalization, new StudentInference(), batch);
        var (nchw, shape) = RandomImages(predictor.Images, batch, source.Model);
        predictor.Predict(backend, new uint[batch]);

        // Calibrated so that each head answers a third of the images, with the borders between two scores.
        double[] scores = [.. predictor.ScoreDifferences.ToArray().Order()];
        Assert.True(Math.Min(scores[5] - scores[4], scores[11] - scores[10]) > 1e-5, "a border lies within float32's rounding of a score");
        double low = (scores[4] + scores[5]) / 2, high = (scores[10] + scores[11]) / 2;
        predictor.Calibration = new SelectorCalibration((high - low) / 2, (high + low) / 2);
        predictor.Predict(backend, new uint[batch]);
        OnnxExport.Write(
            Student(temporary, model, tail, tuned, heads, new StudentInference { Calibration = predictor.Calibration }), temporary.File("student.onnx"));
        using var run = new OnnxRun(temporary.File("student.onnx"), nchw, shape);
        Assert.Equal(["clean", "unclean", .. heads == 3 ? (string[])["combined"] : [], "probabilities", "head"], run.Outputs);
        long[] chosen = run.Integers("head");
        Assert.Equal(predictor.ChosenHeads.ToArray().Select(h => (long)h), chosen);
        Assert.True(chosen.Distinct().Count() == 3, "not every head answered, so the choice is not tested");
        OnnxRun.AssertClose(Widen(predictor.Probabilities), run.Floats("probabilities"), Tolerance);
        foreach (var head in Enum.GetValues<StudentHead>()[..heads])
        {
            float[] logits = run.Floats(head.ToString().ToLowerInvariant());
            for (int row = 0; row < batch; row++)
            {
                var p = new float[classes];
                System.Numerics.Tensors.TensorPrimitives.SoftMax(logits.AsSpan(row * classes, classes), p);
                OnnxRun.AssertClose(Widen(predictor.Distribution(head, row)), p, Tolerance);
            }
        }
    }

    [Theory]
    [InlineData("vit_fashion")]
    [InlineData("resnet_fashion")]
    [InlineData(Clip)]
    public void APromptStandsBeforeTheModelInTheFileToo(string name)
    {
        const int batch = 3;
        using var temporary = new TemporaryFolder();
        using var backend = new CpuBackend(1);
        var prompted = Pretrained(temporary, name).WithPrompt(2);
        using (var store = prompted.LoadClassifier(_ => false, seed: 5))
        {
            AddNoise(store[PromptedModel.TensorName], seed: 14, scale: 1);
            prompted.Save(temporary.File("prompted.safetensors"), store);
        }

        var source = ModelSource.Resolve(temporary.File("prompted.safetensors"));
        using var parameters = source.LoadClassifier(_ => false, seed: 0);
        using var predictor = new ClassifierPredictor("prompted", source.Model, parameters, source.Normalization, batch);
        var (nchw, shape) = RandomImages(predictor.Images, batch, source.Model);
        predictor.Predict(backend, new uint[batch]);
        OnnxExport.Write(source, temporary.File("prompted.onnx"));
        using var run = new OnnxRun(temporary.File("prompted.onnx"), nchw, shape);
        float[] p = run.Floats("logits");
        foreach (int row in Enumerable.Range(0, batch))
        {
            var logits = p.AsSpan(row * source.Model.Classes, source.Model.Classes);
            System.Numerics.Tensors.TensorPrimitives.SoftMax(logits, logits);
        }

        OnnxRun.AssertClose(Widen(predictor.Probabilities), p, Tolerance);
    }

    /// <summary>A student with heads and tuned blocks moved by noise, so that its heads differ.</summary>
    private static ModelSource Student(TemporaryFolder folder, string name, TailKind tail, TunedEnd tuned, int heads, StudentInference inference)
    {
        var pretrained = Pretrained(folder, name);
        var student = new ThreeHeadedStudent(pretrained.Model, 1, tail, tuned, heads);
        using var training = student.CreateTrainingStore(pretrained, seed: 5);
        ulong seed = 12;
        foreach (var parameter in training.Trained)
            AddNoise(parameter, seed++, IsClipHead(pretrained, parameter) ? 0.05 * ClipScale : 0.05);
        using var saved = new ParameterStore(student.SavedSpecs, _ => false);
        saved.CopyFrom(training);
        pretrained.Save(folder.File("student.safetensors"), saved, inference.Metadata(student));
        return ModelSource.Resolve(folder.File("student.safetensors"));
    }

    /// <summary>A preset with fresh weights, or a fixture with a fresh head.</summary>
    private static ModelSource Pretrained(TemporaryFolder folder, string name)
    {
        bool isFixture = name.Contains('/', StringComparison.Ordinal);
        var fresh = isFixture
            ? ModelSource.Resolve(GoldenData.PathOf("models", name + ".safetensors"), new ModelOverrides { ImageSize = ImageSizeOf(name), Classes = 10 })
            : ModelSource.Resolve(name);
        using (var store = fresh.LoadClassifier(_ => false, seed: 5))
        {
            foreach (var parameter in store.All.Where(p => IsClipHead(fresh, p)))
            {
                foreach (ref float x in parameter.Value.View.Span)
                    x *= ClipScale;
            }

            fresh.Save(folder.File("pretrained.safetensors"), store);
        }

        return ModelSource.Resolve(folder.File("pretrained.safetensors"));
    }

    // A ResNet attends to 2 x 2 places at least, so that their mean is none of them.
    private static int ImageSizeOf(string name) => name == ClipResNet ? 64 : 32;

    private static bool IsClipHead(ModelSource source, Parameter parameter) =>
        source.Model is IClipImageModel && parameter.Spec.Name.StartsWith(source.Model.HeadName, StringComparison.Ordinal);

    private static void AddNoise(Parameter parameter, ulong seed, double scale)
    {
        var noise = new PhiloxStream(seed, RandomPurpose.Initialization, 0, 1);
        foreach (ref float x in parameter.Value.View.Span)
            x += (float)(scale * noise.NextNormal());
    }

    /// <summary>Fills [N, H, W, C] and gives the same as [N, C, H, W].</summary>
    private static (float[] Nchw, int[] Shape) RandomImages(Span<float> nhwc, int batch, IVisionModel model)
    {
        var random = new PhiloxStream(11, RandomPurpose.Initialization, 0, 0);
        int pixels = nhwc.Length / batch;
        // Noise of different strength on different grey: images that a random network tells apart.
        for (int i = 0; i < nhwc.Length; i++)
            nhwc[i] = (float)((0.2 + 0.2 * (i / pixels)) * random.NextNormal() + 0.5 * (i / pixels % 5 - 2));
        float[] nchw = ToNchw(nhwc, batch, model.ImageSize * model.ImageSize, model.Channels);
        return (nchw, [batch, model.Channels, model.ImageSize, model.ImageSize]);
    }

    private static double[] Widen(ReadOnlySpan<float> values) => Array.ConvertAll(values.ToArray(), x => (double)x);

    private static float[] ToNchw(ReadOnlySpan<float> nhwc, int batch, int plane, int channels)
    {
        var result = new float[nhwc.Length];
        for (int n = 0; n < batch; n++)
        {
            for (int i = 0; i < plane; i++)
            {
                for (int c = 0; c < channels; c++)
                    result[(n * channels + c) * plane + i] = nhwc[(n * plane + i) * channels + c];
            }
        }

        return result;
    }
}
