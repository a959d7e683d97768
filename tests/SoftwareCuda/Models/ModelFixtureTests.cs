using System.Runtime.InteropServices;
using System.Text.Json;
using Robustify.Kernels.Backends;
using Robustify.Kernels.Cuda;
using Robustify.Kernels.Tensors;
using Robustify.Native.Graph;
using Robustify.Native.Models;
using Robustify.Native.Models.Checkpoints;
using Robustify.Native.Planning;
using Robustify.SoftwareCuda.Tests.Device;

namespace Robustify.SoftwareCuda.Tests.Models;

/// <summary>The model fixtures on CUDA: logits, loss and the gradient of every parameter against PyTorch in float64.</summary>
public sealed class ModelFixtureTests
{
    // As the CPU's: float32 rounding through some dozen layers, relative to the tensor's largest value.
    private const double ForwardTolerance = 1e-5;
    private const double GradientTolerance = 1e-4;

    // A gradient that is zero in exact arithmetic (the bias of attention's keys) has only rounding left.
    private const double GradientFloor = 1e-6;

    private static string Root { get; } = FindRoot();

    public static TheoryData<string> Folders() => new(Directory.GetDirectories(Root)
        .Where(folder => File.Exists(Path.Combine(folder, "model.safetensors"))).Select(folder => Path.GetFileName(folder)!).Order(StringComparer.Ordinal));

    [SoftwareCudaTheory]
    [MemberData(nameof(Folders))]
    public void Logits_loss_and_gradients_agree(string folder)
    {
        string mode = File.Exists(PathOf(folder, "expected.json")) ? "" : "_eval";
        using var json = JsonDocument.Parse(File.ReadAllBytes(PathOf(folder, $"expected{mode}.json")));
        var expected = json.RootElement;
        int[] nchw = [.. expected.GetProperty("input").GetProperty("shape").EnumerateArray().Select(x => x.GetInt32())];
        int[] labelValues = [.. expected.GetProperty("labels").EnumerateArray().Select(x => x.GetInt32())];
        using var device = new SoftwareDevice();
        using (var cuda = CudaDevices.Open(new CudaOptions { Deterministic = true }))
        {
            var target = new ComputeTarget(cuda);
            var source = ModelSource.Resolve(PathOf(folder, "model.safetensors"), new ModelOverrides { ImageSize = nchw[2] });
            using var parameters = source.LoadClassifier(_ => true, seed: 0, target);
            var graph = new GraphBuilder(training: false);
            var images = graph.Input("images", new Shape(nchw[0], nchw[2], nchw[3], nchw[1]));
            var labels = graph.Input("labels", new Shape(nchw[0]), DType.Int32);
            var logits = graph.Keep(source.Model.Classify(graph, new ParameterScope(parameters), images));
            graph.Loss("loss", logits).CrossEntropy(labels, 0, nchw[0]);
            graph.Differentiate();
            using var plan = new Plan(graph).Allocate(target);
            cuda.Upload<float>(ToNhwc(MemoryMarshal.Cast<byte, float>(File.ReadAllBytes(PathOf(folder, "input.f32.bin"))), nchw), images.View);
            cuda.Upload<int>(labelValues, labels.View);
            plan.Run(cuda);
            double[] reference = [.. expected.GetProperty("logits").EnumerateArray().SelectMany(row => row.EnumerateArray().Select(x => x.GetDouble()))];
            AssertClose("logits", reference, Read(cuda, logits.View), ForwardTolerance, 0);
            Assert.Equal(expected.GetProperty("loss").GetDouble(), Read(cuda, graph.Losses[0].Value.View)[0], 1e-5);
            using var gradients = CheckpointReader.Open(PathOf(folder, $"grads{mode}.safetensors"), source.Family);
            foreach (var parameter in parameters.Trained)
            {
                var stored = new float[parameter.Spec.Shape.Count];
                gradients.Read(parameter.Spec.Name, stored);
                AssertClose(
                    parameter.Spec.Name, Array.ConvertAll(stored, x => (double)x), Read(cuda, parameter.Gradient!.View), GradientTolerance, GradientFloor);
            }
        }

        device.ExpectClean();
    }

    private static float[] Read(IBackend backend, TensorView view)
    {
        var values = new float[view.Shape.Count];
        backend.Download(view, values.AsSpan());
        return values;
    }

    private static float[] ToNhwc(ReadOnlySpan<float> source, int[] nchw)
    {
        int channels = nchw[1], plane = nchw[2] * nchw[3];
        var result = new float[source.Length];
        for (int i = 0; i < source.Length; i++)
            result[(i / plane / channels * plane + i % plane) * channels + i / plane % channels] = source[i];
        return result;
    }

    private static void AssertClose(string name, double[] expected, float[] actual, double relative, double floor)
    {
        Assert.Equal(expected.Length, actual.Length);
        double bound = relative * expected.Max(Math.Abs) + floor;
        for (int i = 0; i < expected.Length; i++)
            Assert.True(Math.Abs(expected[i] - actual[i]) <= bound, $"{name}[{i}]: {actual[i]:g7} found, {expected[i]:g7} expected within {bound:g3}");
    }

    private static string PathOf(params string[] parts) => Path.Combine([Root, .. parts]);

    private static string FindRoot()
    {
        for (var directory = new DirectoryInfo(AppContext.BaseDirectory); directory is not null; directory = directory.Parent)
        {
            string models = Path.Combine(directory.FullName, "tests", "fixtures", "models");
            if (Directory.Exists(models))
                return models;
        }

        throw new DirectoryNotFoundException($"no tests/fixtures/models above {AppContext.BaseDirectory}; run the tests from a clone");
    }
}
