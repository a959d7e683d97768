using Robustify.Kernels.Backends;
using Robustify.Native.Models.Checkpoints;
using Robustify.Native.Training;

namespace Robustify.Native.Tests.Golden;

/// <summary>
/// What the model fixtures say of a device: models against PyTorch, float64 there and float32 here, with the bounds of the reference's README.
/// The tests of both devices call it.
/// </summary>
internal static class ModelFixture
{
    // Float32 rounding through some dozen layers, relative to the tensor's largest value.
    private const double ForwardTolerance = 1e-5;
    private const double GradientTolerance = 1e-4;

    // A gradient that is zero in exact arithmetic (the bias of attention's keys) has only rounding left.
    private const double GradientFloor = 1e-6;

    /// <summary>The fixtures' directories.</summary>
    public static IEnumerable<string> Folders => GoldenData.Directories("models").Where(f => IsTransformer(f) || IsConvNext(f) || GoldenModel.IsResNet(f));

    /// <summary>Those with batch normalisation, which tell the modes apart.</summary>
    public static IEnumerable<string> ResNets => Folders.Where(GoldenModel.IsResNet);

    /// <summary>Directories and modes.</summary>
    public static IEnumerable<(string Folder, bool Training)> Cases =>
        Folders.SelectMany(f => GoldenModel.IsResNet(f) ? ((string, bool)[])[(f, false), (f, true)] : [(f, false)]);

    /// <summary>Logits, loss and activations, and the gradient of every parameter and of the images.</summary>
    public static void CompareStep(string folder, bool training, ComputeTarget target)
    {
        using var model = new GoldenModel(folder, training, target);
        model.Run();
        double[] logits = [.. model.Expected.GetProperty("logits").EnumerateArray().SelectMany(GoldenData.Doubles)];
        AssertClose("logits", logits, model.Read(model.Logits.View), ForwardTolerance, 0);
        Assert.Equal(model.Expected.GetProperty("loss").GetDouble(), model.Loss, 1e-5);

        using var activations = SafetensorsFile.Open(GoldenData.PathOf("models", folder, $"activations{Mode(folder, training)}.safetensors"));
        int compared = 0;
        foreach (string name in activations.Names)
        {
            if (!activations.TryGet(name, out var entry) || ValueName(model, name) is not { } valueName)
                continue;
            float[] stored = new float[entry.ElementCount], expected = new float[entry.ElementCount];
            activations.ReadFloat32(name, stored);
            if (entry.Shape.Length == 4)
                GoldenModel.ToNhwc(stored, [.. entry.Shape.Select(x => (int)x)], expected);
            else
                expected = stored;
            AssertClose(name, Widen(expected), model.Read(model.Find(valueName).View), ForwardTolerance, 0);
            compared++;
        }

        Assert.InRange(compared, 4, int.MaxValue);
        using var gradients = CheckpointReader.Open(
            GoldenData.PathOf("models", folder, $"grads{Mode(folder, training)}.safetensors"), FamilyOf(folder));
        Assert.NotEmpty(model.Parameters.Trained);
        foreach (var parameter in model.Parameters.Trained)
        {
            var expected = new float[parameter.Spec.Shape.Count];
            gradients.Read(parameter.Spec.Name, expected);
            AssertClose(parameter.Spec.Name, Widen(expected), model.Read(parameter.Gradient!.View), GradientTolerance, GradientFloor);
        }

        // Most fixtures have the gradient of the images too.
        if (gradients.Contains("input"))
        {
            var images = model.Images["input"];
            int[] shape = [.. images.Spec.Shape.ToArray()];
            float[] stored = new float[images.Spec.Shape.Count], expected = new float[stored.Length];
            gradients.Read("input", stored);
            GoldenModel.ToNhwc(stored, [shape[0], shape[3], shape[1], shape[2]], expected);
            AssertClose("input", Widen(expected), model.Read(images.Gradient!.View), GradientTolerance, GradientFloor);
        }
    }

    /// <summary>Five steps of SGD from the recorded state.</summary>
    public static void CompareTraining(string folder, ComputeTarget target)
    {
        using var model = new GoldenModel(folder, training: true, target);
        var recorded = GoldenData.Json("models", folder, "train_sgd.json");
        var options = new OptimizerOptions
        {
            Kind = OptimizerKind.Sgd,
            Momentum = recorded.GetProperty("momentum").GetDouble(),
            Nesterov = recorded.GetProperty("nesterov").GetBoolean(),
            WeightDecay = recorded.GetProperty("weight_decay").GetDouble(),
        };
        int count = checked((int)model.Parameters.TrainedCount);
        using var memory = target.Allocate((long)count * sizeof(float), "momentum");
        using var optimizer = Optimizer.Create(
            options, target.Backend!, model.Parameters.TrainedData, model.Parameters.TrainedGradients, memory.View(0, new(count)),
            [new ParameterSegment(0, count, 1)]);
        foreach (double loss in GoldenData.Doubles(recorded.GetProperty("loss_before_each_step")))
        {
            model.Run();
            // Five steps amplify rounding; the README allows 1e-3.
            Assert.Equal(loss, model.Loss, 1e-3);
            optimizer.Step(recorded.GetProperty("lr").GetDouble());
        }
    }

    /// <summary>Running statistics after a step in training mode.</summary>
    public static void CompareStatistics(string folder, ComputeTarget target)
    {
        using var model = new GoldenModel(folder, training: true, target);
        model.Run();
        using var running = CheckpointReader.Open(GoldenData.PathOf("models", folder, "running_after_train.safetensors"), FamilyOf(folder));
        var statistics = model.Parameters.All.Where(p => p.Spec.IsStatistic).ToArray();
        Assert.NotEmpty(statistics);
        foreach (var statistic in statistics)
        {
            var expected = new float[statistic.Spec.Shape.Count];
            running.Read(statistic.Spec.Name, expected);
            AssertClose(statistic.Spec.Name, Widen(expected), model.Read(statistic.Value.View), ForwardTolerance, 0);
        }
    }

    private static bool IsTransformer(string folder) => folder.EndsWith("_vit", StringComparison.Ordinal);

    private static bool IsConvNext(string folder) => folder.EndsWith("_convnext", StringComparison.Ordinal);

    private static string Mode(string folder, bool training) => GoldenModel.IsResNet(folder) ? (training ? "_train" : "_eval") : "";

    private static CheckpointFamily FamilyOf(string folder)
    {
        using var reader = CheckpointReader.Open(GoldenData.PathOf("models", folder, "model.safetensors"));
        return reader.Family;
    }

    /// <summary>The graph's name for a reference activation; null where fusion leaves no such tensor.</summary>
    private static string? ValueName(GoldenModel model, string activation) => activation switch
    {
        "patch_tokens" => "patch_embed",
        "embedded" => "tokens",
        "logits" => model.Model.HeadName,
        "maxpool" => "maxpool",
        "features" => model.Model.HeadName switch { "fc" => "pooled", "head.fc" => "head.norm", _ => "norm" },
        "stem" => "stem.1",
        _ when activation.StartsWith("stage_", StringComparison.Ordinal) =>
            model.Graph.Values.Last(v => v.Name.StartsWith($"stages.{activation[6..]}.", StringComparison.Ordinal)
                && v.Name.EndsWith(".residual", StringComparison.Ordinal)).Name,
        _ when activation.StartsWith("block_", StringComparison.Ordinal) => $"blocks.{activation[6..]}.mlp.residual",
        _ when activation.StartsWith("layer", StringComparison.Ordinal) =>
            model.Graph.Values.Last(v => v.Name.StartsWith(activation + ".", StringComparison.Ordinal)
                && v.Name.Contains(".bn", StringComparison.Ordinal) && v.Shape.Rank == 4 && !v.Name.EndsWith(".gradient", StringComparison.Ordinal)).Name,
        _ => null,
    };

    private static double[] Widen(float[] values) => Array.ConvertAll(values, v => (double)v);

    private static void AssertClose(string name, ReadOnlySpan<double> expected, ReadOnlySpan<float> actual, double relative, double floor)
    {
        Assert.Equal(expected.Length, actual.Length);
        double largest = 0, worst = 0;
        for (int i = 0; i < expected.Length; i++)
        {
            largest = Math.Max(largest, Math.Abs(expected[i]));
            double difference = Math.Abs(expected[i] - actual[i]);
            worst = double.IsNaN(difference) ? double.PositiveInfinity : Math.Max(worst, difference);
        }

        Assert.True(worst <= relative * largest + floor, $"{name}: differs by {worst:g3} where the largest value is {largest:g3}");
    }
}
