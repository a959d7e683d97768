using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text.Json;
using Robustify.Kernels.Backends;
using Robustify.Kernels.Cpu;
using Robustify.Kernels.Memory;
using Robustify.Kernels.Tensors;
using Robustify.Native.Data.Images;
using Robustify.Native.Data.Transforms;
using Robustify.Native.Graph;
using Robustify.Native.Models;
using Robustify.Native.Planning;
using Robustify.Native.Tests.Models.Checkpoints;

namespace Robustify.Native.Tests.Golden;

/// <summary>Published architectures at their full size, on photographs, against PyTorch in float64.</summary>
[Trait("Category", "Golden")]
public sealed class FullSizeModelTests
{
    private const int ImageSize = 224;

    // Float32 through a dozen blocks: PyTorch's own float32 run is 1e-6 off; the reference allows a hundred times that.
    private const double LogitTolerance = 1e-4;
    private const double LossTolerance = 1e-4;

    // A ResNet's ReLUs make float32 take other branches than float64 here and there; PyTorch's float32 is 6e-3 off itself.
    private static double GradientNormTolerance(string model) => GoldenModel.IsResNet(model) ? 2e-2 : 1e-3;

    public static TheoryData<string> Models()
    {
        string folder = GoldenData.PathOf("models", "full_size");
        return Directory.Exists(folder)
            ? [.. Directory.GetFiles(folder, "*.json").Select(f => Path.GetFileNameWithoutExtension(f)!).Order(StringComparer.Ordinal)]
            : [];
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void LogitsTopFiveLossAndGradientNormsOfTwoPhotosAgree(string name)
    {
        var expected = GoldenData.Json("models", "full_size", $"{name}.json");
        using var folder = new TemporaryFolder();
        var recipe = new FullSizeRecipe(expected);
        Assert.Equal(FirstWord(expected, "sha256_of_float32_weights"), recipe.Sha256());
        recipe.Save(folder.File("model.safetensors"));
        var source = ModelSource.Resolve(folder.File("model.safetensors"));
        Assert.Equal(Normalization.ImageNet.Mean, source.Normalization.Mean);
        Assert.Equal(ImageSize, source.Model.ImageSize);

        using var parameters = source.LoadClassifier(_ => true, seed: 0);
        var graph = new GraphBuilder(training: false);
        int[] labelValues = [.. expected.GetProperty("labels").EnumerateArray().Select(x => x.GetInt32())];
        var images = graph.Input("images", new Shape(labelValues.Length, ImageSize, ImageSize, 3));
        var labels = graph.Input("labels", new Shape(labelValues.Length), DType.Int32);
        var logits = graph.Keep(source.Model.Classify(graph, new ParameterScope(parameters), images));
        graph.Loss("loss", logits).CrossEntropy(labels, 0, labelValues.Length);
        graph.Differentiate();
        using var plan = new Plan(graph).Allocate();
        using var backend = new CpuBackend(2);
        FillInput(expected, images.View.Span);
        unsafe
        {
            labelValues.CopyTo(new Span<int>(labels.View.Integers, labelValues.Length));
        }

        plan.Run(backend);
        CompareLogits(expected, logits.View);
        Assert.Equal(expected.GetProperty("loss").GetDouble(), graph.Losses[0].Value.View.Span[0], LossTolerance);
        var norms = expected.GetProperty("grad_l2");
        Assert.NotEmpty(parameters.Trained);
        foreach (var parameter in parameters.Trained)
        {
            double norm = Math.Sqrt(SumOfSquares(backend, parameter.Gradient!.View)), reference = norms.GetProperty(parameter.Spec.Name).GetDouble();
            Assert.True(
                Math.Abs(norm - reference) <= GradientNormTolerance(name) * reference,
                $"{parameter.Spec.Name}: gradient norm {norm:g6} found, {reference:g6} expected");
        }
    }

    private static double SumOfSquares(CpuBackend backend, TensorView x)
    {
        using var memory = new NativeBuffer(sizeof(double), "sum");
        var sum = memory.View(0, new Shape(1), DType.Float64);
        backend.SumOfSquares(x, sum, accumulate: false);
        return backend.DownloadScalar<double>(sum);
    }

    private static void CompareLogits(JsonElement expected, TensorView logits)
    {
        float[] reference = GoldenData.Floats("models", "full_size", expected.GetProperty("logits").GetProperty("file").GetString()!);
        double largest = reference.Max(Math.Abs);
        for (int i = 0; i < reference.Length; i++)
            Assert.Equal(reference[i], logits.Span[i], LogitTolerance * largest);
        int row = 0;
        foreach (var top in expected.GetProperty("top5").EnumerateArray())
        {
            float[] values = logits.Span.Slice(row++ * logits.Shape.Columns, logits.Shape.Columns).ToArray();
            int[] found = [.. Enumerable.Range(0, values.Length).OrderByDescending(i => values[i]).Take(5)];
            Assert.Equal(top.EnumerateArray().Select(x => x.GetInt32()), found);
        }
    }

    /// <summary>The photographs, normalised in double as the reference did: its hash proves that nothing but the model is compared.</summary>
    private static void FillInput(JsonElement expected, Span<float> nhwc)
    {
        var image = new Image8(1, 1, 1);
        int plane = ImageSize * ImageSize, row = 0;
        string[] names = [.. expected.GetProperty("inputs").EnumerateArray().Select(x => x.GetString()!)];
        float[] nchw = new float[names.Length * 3 * plane];
        foreach (string name in names)
        {
            ImageFile.Read(GoldenData.PathOf("corruptions", "photos", name), image, channels: 3);
            for (int i = 0; i < 3 * plane; i++)
            {
                int channel = i % 3;
                nchw[(row * 3 + channel) * plane + i / 3] =
                    (float)((image.Pixels[i] / 255.0 - Normalization.ImageNet.Mean[channel]) / Normalization.ImageNet.Std[channel]);
            }

            row++;
        }

        Assert.Equal(
            expected.GetProperty("input_sha256_float32").GetString(), Convert.ToHexStringLower(SHA256.HashData(MemoryMarshal.AsBytes(nchw.AsSpan()))));
        GoldenModel.ToNhwc(nchw, [names.Length, 3, ImageSize, ImageSize], nhwc);
    }

    private static string FirstWord(JsonElement json, string property) => json.GetProperty(property).GetString()!.Split(' ')[0];
}
