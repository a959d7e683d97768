using System.Text.Json;
using Robustify.Kernels.Backends;
using Robustify.Kernels.Tensors;
using Robustify.Native.Graph;
using Robustify.Native.Graph.Ops;
using Robustify.Native.Models;
using Robustify.Native.Models.Checkpoints;
using Robustify.Native.Models.Clip;
using Robustify.Native.Planning;
using Robustify.Native.Tests.Graph;

namespace Robustify.Native.Tests.Golden;

/// <summary>
/// A CLIP fixture on any device: both towers, every image against every text, and the loss of either task with the gradient of every
/// parameter and of the images; in training mode a residual network's statistics of the batch. The reference is float64, the bounds are those of
/// its README.
/// </summary>
internal static class ClipFixture
{
    // Float32 rounding through some dozen layers, relative to the tensor's largest value.
    private const double ForwardTolerance = 1e-5;
    private const double GradientTolerance = 1e-4;
    private const double LossTolerance = 1e-5;

    // bfloat16 keeps eight bits, so an activation is off by up to 1/256 of itself in each of some dozen layers.
    private const double BFloat16Tolerance = 0.05;

    // A gradient that is zero in exact arithmetic (the bias of attention's keys) has only rounding left.
    private const double GradientFloor = 1e-6;

    /// <summary>The fixtures and their tasks.</summary>
    public static IEnumerable<(string Folder, string Task)> All =>
        from folder in GoldenData.Directories("models").Where(f => f.StartsWith("clip_", StringComparison.Ordinal))
        from task in (string[])["zeroshot", "zeroshot_train", "contrastive"]
        where GoldenData.Json("models", folder, "expected.json").TryGetProperty(task, out _)
        select (folder, task);

    /// <summary>
    /// Computes one task and returns a line for everything that differs; <paramref name="compared"/> counts what was compared. In bfloat16 the
    /// activations, which are stored so, are left out.
    /// </summary>
    public static List<string> Differences(string folder, string task, ComputeTarget target, out int compared)
    {
        var expected = GoldenData.Json("models", folder, "expected.json");
        var source = ModelSource.Resolve(GoldenData.PathOf("models", folder, "open_clip_model.safetensors"));
        var (model, text) = ((IClipImageModel)source.Model, source.Text!);
        using var parameters = new ParameterStore([.. model.Body, .. text.Specs], _ => true, target);
        source.Load(parameters, seed: 0);

        int[] nchw = [.. expected.GetProperty("image").GetProperty("shape").EnumerateArray().Select(x => x.GetInt32())];
        int images = nchw[0], context = text.Options.ContextLength;
        bool isContrastive = task == "contrastive", isTraining = task == "zeroshot_train";
        int[][] tokens = [.. expected.GetProperty("tokens").EnumerateArray().Select(row => row.EnumerateArray().Select(t => t.GetInt32()).ToArray())];
        if (isContrastive)
            tokens = tokens[..images];
        bool isRounded = target.Precision == Precision.Bf16;
        var graph = new GraphBuilder(isTraining, precision: target.Precision); // In training a residual network's statistics are the batch's.
        using var inputs = new ParameterStore([new("image", new Shape(images, nchw[2], nchw[3], nchw[1]), Initializer.Zeros)], _ => true, target);
        var pixels = graph.Leaf(inputs["image"]);
        var ids = graph.Input("tokens", new Shape(tokens.Length, context), DType.Int32);
        var ends = graph.Input("ends", new Shape(tokens.Length), DType.Int32);
        var labels = graph.Input("labels", new Shape(images), DType.Int32);
        var scope = new ParameterScope(parameters);
        var imageFeatures = model.Tail(graph, scope, model.Trunk(graph, scope, graph.Compute(pixels), 0), 0);
        var textFeatures = graph.NormalizeRows("text.features", text.Features(graph, scope, ids, ends));
        var scaled = graph.ScaleByExponential("scaled", imageFeatures, parameters[ClipTextTower.LogitScale]);
        var logits = graph.Product("logits", scaled, textFeatures);
        graph.Loss("loss", logits).CrossEntropy(labels, 0, images, scale: isContrastive ? 0.5f : 1);
        if (isContrastive)
            graph.Loss("texts' loss", graph.Product("text logits", textFeatures, scaled)).CrossEntropy(labels, 0, images, scale: 0.5f);
        foreach (var value in graph.Values.ToArray())
            graph.Keep(value);
        graph.Differentiate();
        using var plan = new Plan(graph).Allocate(target);

        var backend = target.Backend!;
        float[] nhwc = new float[pixels.Shape.Count];
        GoldenModel.ToNhwc(GoldenData.Floats("models", folder, "image.f32.bin"), nchw, nhwc);
        backend.Upload<float>(nhwc, inputs["image"].Value.View);
        backend.Upload<int>([.. tokens.SelectMany(row => row)], ids.View);
        backend.Upload<int>([.. tokens.Select((row, n) => n * context + Array.IndexOf(row, row.Max()))], ends.View);
        int[] wanted = isContrastive
            ? [.. Enumerable.Range(0, images)]
            : [.. expected.GetProperty("labels").EnumerateArray().Select(x => x.GetInt32())];
        backend.Upload<int>(wanted, labels.View);
        plan.Run(backend);

        var differences = new List<string>();
        int count = 0;
        void Compare(string name, double[] reference, TensorView actual, double relative, double floor)
        {
            var values = new float[actual.Shape.Count];
            backend.Download(actual, values.AsSpan());
            count++;
            if (Difference(name, reference, values, isRounded ? BFloat16Tolerance : relative, isRounded ? BFloat16Tolerance : floor) is { } line)
                differences.Add(line);
        }

        var outcome = expected.GetProperty(task);
        Compare("logits", Numbers(outcome.GetProperty("logits_per_image")), logits.View, ForwardTolerance, 0);
        double loss = graph.Losses.Sum(l => (double)backend.DownloadScalar<float>(l.Value.View));
        if (!(Math.Abs(loss - outcome.GetProperty("loss").GetDouble()) <= (isRounded ? BFloat16Tolerance : LossTolerance)))
            differences.Add($"loss: {loss:G9} found, {outcome.GetProperty("loss").GetDouble():G9} expected");

        if (isTraining)
        {
            using var running = CheckpointReader.Open(GoldenData.PathOf("models", folder, "running_after_train.safetensors"), source.Family);
            foreach (var statistic in parameters.All.Where(p => p.Spec.IsStatistic))
                Compare(statistic.Spec.Name, Stored(running, statistic), statistic.Value.View, ForwardTolerance, 0);
        }

        using (var activations = SafetensorsFile.Open(GoldenData.PathOf("models", folder, "activations.safetensors")))
        {
            // They are of all the texts.
            foreach (string name in activations.Names.Where(n => !isRounded && !isTraining).Where(n => !isContrastive || n.StartsWith("visual", StringComparison.Ordinal) || n == "image_features"))
            {
                activations.TryGet(name, out var entry);
                float[] stored = new float[entry.ElementCount];
                activations.ReadFloat32(name, stored);
                var value = graph.Values.First(v => v.Name == ValueName(name));
                Compare(name, Array.ConvertAll(stored, x => (double)x), value.View, ForwardTolerance, 0);
            }
        }

        // One fixture has none of the contrastive loss.
        string gradientFile = GoldenData.PathOf("models", folder, $"grads_{task}.safetensors");
        using var gradients = File.Exists(gradientFile) ? CheckpointReader.Open(gradientFile, source.Family) : null;
        foreach (var parameter in gradients is null ? [] : parameters.Trained)
            Compare(parameter.Spec.Name, Stored(gradients!, parameter), parameter.Gradient!.View, GradientTolerance, GradientFloor);
        if (gradients is not null)
        {
            float[] stored = new float[nhwc.Length], turned = new float[nhwc.Length];
            gradients.Read("image", stored);
            GoldenModel.ToNhwc(stored, nchw, turned);
            Compare("image", Array.ConvertAll(turned, x => (double)x), inputs["image"].Gradient!.View, GradientTolerance, GradientFloor);
        }

        compared = count;
        return differences;
    }

    // "pooled" is what the projection takes.
    private static string ValueName(string activation) => activation switch
    {
        "image_features" => "proj",
        "text_features" => "text.proj",
        "logits_per_image" => "logits",
        "visual_ln_pre" => "norm_pre",
        "visual_pooled" => "norm",
        "text_pooled" => "text.norm",
        _ when activation.StartsWith("visual_block_", StringComparison.Ordinal) => $"blocks.{activation["visual_block_".Length..]}.mlp.residual",
        _ => $"text.blocks.{activation["text_block_".Length..]}.mlp.residual",
    };

    private static double[] Stored(CheckpointReader reader, Parameter parameter)
    {
        float[] stored = new float[parameter.Spec.Shape.Count];
        reader.Read(parameter.Spec.Name, stored);
        return Array.ConvertAll(stored, x => (double)x);
    }

    private static double[] Numbers(JsonElement rows) => [.. rows.EnumerateArray().SelectMany(GoldenData.Doubles)];

    private static string? Difference(string name, double[] expected, float[] actual, double relative, double floor)
    {
        if (expected.Length != actual.Length)
            return $"{name}: {actual.Length} elements found, {expected.Length} expected";
        double largest = expected.Max(Math.Abs), worst = 0;
        for (int i = 0; i < expected.Length; i++)
        {
            double difference = Math.Abs(expected[i] - actual[i]);
            worst = double.IsNaN(difference) ? double.PositiveInfinity : Math.Max(worst, difference);
        }

        return worst <= relative * largest + floor ? null : $"{name}: differs by {worst:g3} where the largest value is {largest:g3}";
    }
}
