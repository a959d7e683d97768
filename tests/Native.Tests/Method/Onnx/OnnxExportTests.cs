using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using Robustify.Kernels.Cpu;
using Robustify.Kernels.Random;
using Robustify.Native.Evaluation;
using Robustify.Native.Graph;
using Robustify.Native.Method;
using Robustify.Native.Method.Onnx;
using Robustify.Native.Models;
using Robustify.Native.Tests.Golden;
using Robustify.Native.Tests.Models.Checkpoints;

namespace Robustify.Native.Tests.Method.Onnx;

/// <summary>Exported models, run by ONNX Runtime.</summary>
[Trait("Category", "Golden")]
public sealed class OnnxExportTests
{
    // Float32 rounding in another order of sums; the reference allows 1e-5 of the largest logit.
    private const double Tolerance = 2e-5;

    // The small one of the fixtures: presets are large.
    private const string ConvNext = "torchvision_convnext";

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
        using var session = new InferenceSession(temporary.File("model.onnx"));
        float[] images = GoldenData.Floats("models", folder, "input.f32.bin");
        using var results = session.Run([NamedOnnxValue.CreateFromTensor("images", new DenseTensor<float>(images, nchw))]);
        double[] logits = [.. expected.GetProperty("logits").EnumerateArray().SelectMany(GoldenData.Doubles)];
        AssertClose(logits, [.. results.Single(r => r.Name == "logits").AsEnumerable<float>().Select(x => (double)x)]);
    }

    [Theory]
    [InlineData("resnet_fashion", TailKind.Split, TunedEnd.Last)]
    [InlineData("vit_fashion", TailKind.Split, TunedEnd.First)]
    [InlineData("vit_fashion", TailKind.Shared, TunedEnd.Last)]
    [InlineData(ConvNext, TailKind.Split, TunedEnd.Last)]
    [InlineData(ConvNext, TailKind.Shared, TunedEnd.First)]
    public void AStudentGivesItsThreeHeadsAndTheSelectedAnswer(string preset, TailKind tail, TunedEnd tuned)
    {
        const int batch = 16;
        using var temporary = new TemporaryFolder();
        using var backend = new CpuBackend(1);
        var source = Student(temporary, preset, tail, tuned, new StudentInference());
        var model = source.Model;
        using var parameters = ThreeHeadedStudent.Of(source)!.LoadTrained(source);
        using var predictor = new StudentPredictor(
            "student", ThreeHeadedStudent.Of(source)!, parameters, source.Normalization, new StudentInference(), batch);
        var random = new PhiloxStream(11, RandomPurpose.Initialization, 0, 0);
        foreach (ref float x in predictor.Images)
            x = (float)random.NextNormal();
        float[] nchw = ToNchw(predictor.Images, batch, model.ImageSize * model.ImageSize, model.Channels);
        predictor.Predict(backend, new uint[batch]);

        // Calibrated so that each head answers some of the images, with the borders between two scores.
        double[] scores = [.. predictor.ScoreDifferences.ToArray().Order()];
        double bias = (scores[7] + scores[8]) / 2;
        predictor.Calibration = new SelectorCalibration((scores[11] + scores[12]) / 2 - bias, bias);
        predictor.Predict(backend, new uint[batch]);
        OnnxExport.Write(
            Student(temporary, preset, tail, tuned, new StudentInference { Calibration = predictor.Calibration }), temporary.File("student.onnx"));
        using var session = new InferenceSession(temporary.File("student.onnx"));
        using var results = session.Run(
            [NamedOnnxValue.CreateFromTensor("images", new DenseTensor<float>(nchw, [batch, model.Channels, model.ImageSize, model.ImageSize]))]);
        long[] heads = [.. results.Single(r => r.Name == "head").AsEnumerable<long>()];
        Assert.Equal(predictor.ChosenHeads.ToArray().Select(h => (long)h), heads);
        Assert.True(heads.Distinct().Count() == 3, "not every head answered, so the choice is not tested");
        AssertClose(
            [.. predictor.Probabilities.ToArray().Select(p => (double)p)],
            [.. results.Single(r => r.Name == "probabilities").AsEnumerable<float>().Select(x => (double)x)]);
        foreach (var head in Enum.GetValues<StudentHead>())
        {
            float[] logits = [.. results.Single(r => r.Name == head.ToString().ToLowerInvariant()).AsEnumerable<float>()];
            for (int row = 0; row < batch; row++)
            {
                var p = new float[model.Classes];
                System.Numerics.Tensors.TensorPrimitives.SoftMax(logits.AsSpan(row * model.Classes, model.Classes), p);
                AssertClose([.. predictor.Distribution(head, row).ToArray().Select(x => (double)x)], [.. p.Select(x => (double)x)]);
            }
        }
    }

    /// <summary>A student with heads and tuned blocks moved by noise, so that the three differ.</summary>
    private static ModelSource Student(TemporaryFolder folder, string preset, TailKind tail, TunedEnd tuned, StudentInference inference)
    {
        var fresh = preset == ConvNext
            ? ModelSource.Resolve(GoldenData.PathOf("models", ConvNext, "model.safetensors"), new ModelOverrides { ImageSize = 32 })
            : ModelSource.Resolve(preset);
        using (var store = fresh.LoadClassifier(_ => false, seed: 5))
            fresh.Save(folder.File("pretrained.safetensors"), store);
        var pretrained = ModelSource.Resolve(folder.File("pretrained.safetensors"));
        var student = new ThreeHeadedStudent(pretrained.Model, 1, tail, tuned);
        using var training = student.CreateTrainingStore(pretrained, seed: 5);
        var noise = new PhiloxStream(12, RandomPurpose.Initialization, 0, 1);
        foreach (var parameter in training.Trained)
        {
            foreach (ref float x in parameter.Value.View.Span)
                x += (float)(0.05 * noise.NextNormal());
        }

        using var saved = new ParameterStore(student.SavedSpecs, _ => false);
        saved.CopyFrom(training);
        pretrained.Save(folder.File("student.safetensors"), saved, inference.Metadata(student));
        return ModelSource.Resolve(folder.File("student.safetensors"));
    }

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

    private static void AssertClose(double[] expected, double[] actual)
    {
        Assert.Equal(expected.Length, actual.Length);
        double bound = Tolerance * expected.Max(Math.Abs);
        for (int i = 0; i < expected.Length; i++)
            Assert.InRange(Math.Abs(expected[i] - actual[i]), 0, bound);
    }
}
