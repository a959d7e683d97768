using Robustify.Kernels.Cpu;
using Robustify.Kernels.Random;
using Robustify.Kernels.Tensors;
using Robustify.Native.Graph;
using Robustify.Native.Models;
using Robustify.Native.Models.Checkpoints;
using Robustify.Native.Planning;
using Robustify.Native.Tests.Models.Checkpoints;

namespace Robustify.Native.Tests.Models;

/// <summary>DeiT with a distillation token, against the definition in double precision; and checkpoints of other sizes and classes.</summary>
public sealed class DistilledTransformerTests
{
    private const int Width = 8, Heads = 2, Classes = 3, Side = 2, Patch = 2, Hidden = 16, Image = Side * Patch;

    [Theory]
    [InlineData("", "")]
    [InlineData("deit.", "huggingface")]
    public void TheAnswerIsTheMeanOfBothHeadsEachOnItsToken(string prefix, string names)
    {
        using var folder = new TemporaryFolder();
        var tensors = Tensors();
        Write(folder, tensors);
        string path = folder.File("deit.safetensors");
        if (names.Length > 0)
        {
            var timm = ModelSource.Resolve(path);
            timm.Convert(folder.File("other.safetensors"), CheckpointNaming.HuggingFace, null, timm.Preprocessing);
            path = folder.File("other.safetensors");
            using var file = SafetensorsFile.Open(path);
            Assert.Contains(prefix + "embeddings.distillation_token", file.Names);
        }

        var source = ModelSource.Resolve(path);
        float[] image = Values(99, Image * Image * 3);
        double[] expected = Reference(tensors, image);
        using var parameters = source.LoadClassifier(_ => false, 0);
        var graph = new GraphBuilder(training: false);
        var images = graph.Input("images", new Shape(1, Image, Image, 3));
        var logits = graph.Keep(source.Model.Classify(graph, new ParameterScope(parameters), images));
        using var plan = new Plan(graph).Allocate();
        image.CopyTo(images.View.Span);
        using var backend = new CpuBackend(1);
        plan.Run(backend);
        for (int i = 0; i < Classes; i++)
            Assert.Equal(expected[i], logits.View.Span[i], 1e-5); // Float32 through one block.
    }

    [Fact]
    public void ConvertingThereAndBackKeepsEveryBit()
    {
        using var folder = new TemporaryFolder();
        Write(folder, Tensors());
        var source = ModelSource.Resolve(folder.File("deit.safetensors"));
        source.Convert(folder.File("there.safetensors"), CheckpointNaming.HuggingFace, null, source.Preprocessing);
        var there = ModelSource.Resolve(folder.File("there.safetensors"));
        Assert.Equal(CheckpointFamily.HuggingFaceDistilledVisionTransformer, there.Family);
        there.Convert(folder.File("back.safetensors"), CheckpointNaming.Timm, null, there.Preprocessing);
        using SafetensorsFile first = SafetensorsFile.Open(folder.File("deit.safetensors")), back = SafetensorsFile.Open(folder.File("back.safetensors"));
        Assert.Equal(first.Names.Order(StringComparer.Ordinal), back.Names.Order(StringComparer.Ordinal));
        foreach (string name in first.Names)
        {
            Assert.True(first.TryGet(name, out var a) && back.TryGet(name, out var b) && a.Data.SequenceEqual(b.Data), name);
        }
    }

    // What training leaves must be one that other libraries load: two tokens and, where both are read, two heads.
    [Theory]
    [InlineData("deit", "dist_token", "head_dist.weight")]
    [InlineData("hf_deit_vit", "deit.embeddings.distillation_token", "classifier.weight")]
    public void ASavedModelHasTheNamesOfItsLibraryAndEveryBitAgain(string model, string token, string head)
    {
        using var folder = new TemporaryFolder();
        Write(folder, Tensors());
        var source = ModelSource.Resolve(model == "deit" ? folder.File("deit.safetensors") : Golden.GoldenData.PathOf("models", model, "model.safetensors"));
        using var store = source.LoadClassifier(_ => false, 0);
        source.Save(folder.File("saved.safetensors"), store);
        using (var file = SafetensorsFile.Open(folder.File("saved.safetensors")))
        {
            Assert.Equal([1, 1, source.Model.Body[0].Shape.Count / 2], file.Require(token).Shape);
            Assert.Equal(source.Model.Classes, file.Require(head).Shape[0]);
        }

        var saved = ModelSource.Resolve(folder.File("saved.safetensors"));
        Assert.Equal((source.Family, source.Model.Description), (saved.Family, saved.Model.Description));
        saved.Convert(folder.File("other.safetensors"), CheckpointNaming.HuggingFace, null, saved.Preprocessing);
        foreach (string path in (string[])["saved.safetensors", "other.safetensors"])
        {
            using var loaded = ModelSource.Resolve(folder.File(path)).LoadClassifier(_ => false, 0);
            foreach (var parameter in store.All)
                Assert.True(parameter.Value.View.Span.SequenceEqual(loaded[parameter.Spec.Name].Value.View.Span), parameter.Spec.Name);
        }
    }

    [Fact]
    public void AnotherImageSizeInterpolatesPositionsAndOtherClassesGetAFreshHead()
    {
        using var folder = new TemporaryFolder();
        Write(folder, Tensors());
        string path = folder.File("deit.safetensors");
        var larger = ModelSource.Resolve(path, new ModelOverrides { ImageSize = 2 * Image, Classes = 7 });
        Assert.Equal((2 * Image, 7), (larger.Model.ImageSize, larger.Model.Classes));
        using ParameterStore original = ModelSource.Resolve(path).LoadClassifier(_ => false, 0), other = larger.LoadClassifier(_ => false, 0);
        var (before, after) = (original["pos_embed"].Value, other["pos_embed"].Value);
        Assert.Equal(new Shape(2 + 16, Width), after.Shape);
        Assert.Equal(before.View.Span[..(2 * Width)].ToArray(), after.View.Span[..(2 * Width)].ToArray());
        // Every weight row sums to 1 and the grid is symmetric, so the mean over the grid stays.
        for (int i = 0; i < Width; i++)
            Assert.Equal(Mean(before.View.Span[(2 * Width)..], i), Mean(after.View.Span[(2 * Width)..], i), 1e-6);
        Assert.Equal(original["blocks.0.attn.qkv.weight"].Value.View.Span.ToArray(), other["blocks.0.attn.qkv.weight"].Value.View.Span.ToArray());
        Assert.Equal(new Shape(7, 2 * Width), other["head.weight"].Value.Shape);
        Assert.Contains(other["head.weight"].Value.View.Span.ToArray(), x => x != 0);
    }

    private static double Mean(ReadOnlySpan<float> grid, int column)
    {
        double sum = 0;
        for (int i = column; i < grid.Length; i += Width)
            sum += grid[i];
        return sum / (grid.Length / Width);
    }

    private static float[] Values(uint key, int count)
    {
        var random = new PhiloxStream(17, RandomPurpose.Initialization, 0, key);
        return [.. Enumerable.Range(0, count).Select(_ => (float)(0.3 * random.NextNormal()))];
    }

    private static Dictionary<string, (long[] Shape, float[] Values)> Tensors()
    {
        (string Name, long[] Shape)[] shapes =
        [
            ("cls_token", [1, 1, Width]), ("dist_token", [1, 1, Width]), ("pos_embed", [1, 2 + Side * Side, Width]),
            ("patch_embed.proj.weight", [Width, 3, Patch, Patch]), ("patch_embed.proj.bias", [Width]),
            ("blocks.0.norm1.weight", [Width]), ("blocks.0.norm1.bias", [Width]), ("blocks.0.attn.qkv.weight", [3 * Width, Width]),
            ("blocks.0.attn.qkv.bias", [3 * Width]), ("blocks.0.attn.proj.weight", [Width, Width]), ("blocks.0.attn.proj.bias", [Width]),
            ("blocks.0.norm2.weight", [Width]), ("blocks.0.norm2.bias", [Width]), ("blocks.0.mlp.fc1.weight", [Hidden, Width]),
            ("blocks.0.mlp.fc1.bias", [Hidden]), ("blocks.0.mlp.fc2.weight", [Width, Hidden]), ("blocks.0.mlp.fc2.bias", [Width]),
            ("norm.weight", [Width]), ("norm.bias", [Width]), ("head.weight", [Classes, Width]), ("head.bias", [Classes]),
            ("head_dist.weight", [Classes, Width]), ("head_dist.bias", [Classes]),
        ];
        return shapes.Select((s, i) => (s.Name, s.Shape, Values((uint)i, (int)s.Shape.Aggregate(1L, (a, b) => a * b))))
            .ToDictionary(t => t.Name, t => (t.Shape, t.Item3));
    }

    private static void Write(TemporaryFolder folder, Dictionary<string, (long[] Shape, float[] Values)> tensors)
    {
        var writer = new SafetensorsWriter();
        foreach (var (name, (shape, values)) in tensors)
            writer.AddFloats(name, shape, values);
        writer.SetMetadata(CheckpointNames.HeadsKey, "2");
        writer.Save(folder.File("deit.safetensors"));
    }

    /// <summary>timm's forward pass in evaluation, loop by loop.</summary>
    private static double[] Reference(Dictionary<string, (long[] Shape, float[] Values)> tensors, float[] image)
    {
        double[] T(string name) => [.. tensors[name].Values.Select(v => (double)v)];
        double[] Linear(double[] x, string path)
        {
            double[] w = T(path + ".weight"), b = T(path + ".bias");
            return [.. b.Select((bias, o) => bias + x.Select((v, i) => v * w[o * x.Length + i]).Sum())];
        }

        double[] Norm(double[] x, string path)
        {
            double mean = x.Average(), deviation = Math.Sqrt(x.Average(v => (v - mean) * (v - mean)) + 1e-6);
            double[] w = T(path + ".weight"), b = T(path + ".bias");
            return [.. x.Select((v, i) => (v - mean) / deviation * w[i] + b[i])];
        }

        double[] Sum(double[] a, double[] b) => [.. a.Zip(b, (x, y) => x + y)];
        double[] filters = T("patch_embed.proj.weight"), positions = T("pos_embed");
        var x = new List<double[]> { T("cls_token"), T("dist_token") };
        for (int patch = 0; patch < Side * Side; patch++)
        {
            var token = T("patch_embed.proj.bias");
            for (int o = 0; o < Width; o++)
            {
                for (int c = 0; c < 3; c++)
                {
                    for (int i = 0; i < Patch * Patch; i++)
                    {
                        int row = patch / Side * Patch + i / Patch, column = patch % Side * Patch + i % Patch;
                        token[o] += filters[(o * 3 + c) * Patch * Patch + i] * image[(row * Image + column) * 3 + c];
                    }
                }
            }

            x.Add(token);
        }

        x = [.. x.Select((t, i) => Sum(t, positions[(i * Width)..((i + 1) * Width)]))];
        double[][] qkv = [.. x.Select(t => Linear(Norm(t, "blocks.0.norm1"), "blocks.0.attn.qkv"))];
        const int headWidth = Width / Heads;
        for (int n = 0; n < x.Count; n++)
        {
            var mixed = new double[Width];
            for (int head = 0; head < Heads; head++)
            {
                int q = head * headWidth, k = Width + q, v = 2 * Width + q;
                double[] scores = [.. qkv.Select(other => Math.Exp(Enumerable.Range(0, headWidth).Sum(i => qkv[n][q + i] * other[k + i]) / Math.Sqrt(headWidth)))];
                for (int i = 0; i < headWidth; i++)
                    mixed[q + i] = qkv.Select((other, m) => scores[m] * other[v + i]).Sum() / scores.Sum();
            }

            x[n] = Sum(x[n], Linear(mixed, "blocks.0.attn.proj"));
        }

        x = [.. x.Select(t => Sum(t, Linear([.. Linear(Norm(t, "blocks.0.norm2"), "blocks.0.mlp.fc1").Select(Gelu)], "blocks.0.mlp.fc2")))];
        return [.. Linear(Norm(x[0], "norm"), "head").Zip(Linear(Norm(x[1], "norm"), "head_dist"), (a, b) => (a + b) / 2)];
    }

    // x Phi(x), Phi by Simpson's rule over the normal density.
    private static double Gelu(double x)
    {
        const int steps = 2000;
        double sum = 0, width = x / steps;
        for (int i = 0; i <= steps; i++)
            sum += Math.Exp(-0.5 * i * width * i * width) * (i == 0 || i == steps ? 1 : i % 2 == 1 ? 4 : 2);
        return x * (0.5 + sum * width / 3 / Math.Sqrt(2 * Math.PI));
    }
}
