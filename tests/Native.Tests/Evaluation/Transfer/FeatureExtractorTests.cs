using Robustify.Kernels.Backends;
using Robustify.Kernels.Cpu;
using Robustify.Native.Evaluation;
using Robustify.Native.Evaluation.Transfer;
using Robustify.Native.Graph;
using Robustify.Native.Method;
using Robustify.Native.Models;
using Robustify.Native.Models.Checkpoints;
using Robustify.Native.Runs;
using Robustify.Native.Tests.Data.Sources;
using Robustify.Native.Tests.Devices;
using Robustify.Native.Tests.Golden;

namespace Robustify.Native.Tests.Evaluation.Transfer;

/// <summary>Features of a model whose checkpoint is made here, against what the model itself answers.</summary>
public sealed class FeatureExtractorTests : IDisposable
{
    // 70 images: one whole batch and a part of one.
    private const int Images = 70;

    private readonly TemporaryFolder folder = new();
    private readonly CpuThreads threads = new(2);
    private readonly CpuBackend backend = new(2);
    private readonly ComputedSource source = new(Images);

    private RunContext Context => new(backend, threads, SilentProgress.Instance, CancellationToken.None, _ => { });

    public void Dispose()
    {
        backend.Dispose();
        threads.Dispose();
        folder.Dispose();
    }

    [Fact]
    public void HeadOnTheFeaturesGivesTheModelsOwnAnswer()
    {
        string file = Plain("plain", seed: 1);
        using var model = FeatureExtractor.Open(file, Context.Target);
        Assert.Equal(["features"], model.Kinds);
        using var table = Extract(model);
        using var loaded = LoadedModel.Open("plain", file, Context.Target);
        using var parameters = loaded.Source.LoadClassifier(_ => false, 0);
        AssertAnswers(loaded, table.Kind(0), parameters["fc.weight"], parameters["fc.bias"]);
    }

    [Fact]
    public void CheckpointWithoutAClassifierGivesTheSameFeaturesAsWithOne()
    {
        string file = Plain("plain", seed: 1), headless = folder.PathOf("headless.safetensors");
        var source = ModelSource.Resolve(file);
        using (var body = new ParameterStore(source.Model.Body, _ => false))
        {
            using var all = source.LoadClassifier(_ => false, 0);
            body.CopyFrom(all);
            source.Save(headless, body);
        }

        using var with = FeatureExtractor.Open(file, Context.Target);
        using var without = FeatureExtractor.Open(headless, Context.Target);
        Assert.Equal(with.Identity, without.Identity);
        using var expected = Extract(with);
        using var found = Extract(without);
        for (int row = 0; row < Images; row++)
            Assert.Equal(expected.Row(row), found.Row(row));
    }

    [Theory]
    [InlineData("timm_vit/model.safetensors")]
    [InlineData("hf_vit/model.safetensors")]
    [InlineData("torchvision_resnet_bottleneck/model.safetensors")]
    [InlineData("torchvision_convnext/model.safetensors")]
    [InlineData("clip_quickgelu/open_clip_model.safetensors")]
    [InlineData("clip_rn/open_clip_model.safetensors")]
    public void PublishedCheckpointsOfEveryFamilyGiveFeatures(string fixture)
    {
        using var model = FeatureExtractor.Open(GoldenData.PathOf("models", fixture), Context.Target);
        using var table = Extract(model);
        Assert.NotEqual(table.Row(0).ToArray(), table.Row(1).ToArray());
    }

    [Theory]
    [InlineData(TailKind.Shared, TunedEnd.Last)]
    [InlineData(TailKind.Split, TunedEnd.Last)]
    [InlineData(TailKind.Split, TunedEnd.First)]
    public void StudentGivesItsTunedTailAndWithASplitOneTheOriginalsFeaturesBesideIt(TailKind tail, TunedEnd tuned)
    {
        string plain = Plain("plain", seed: 1), file = Student(plain, tail, tuned);
        using var model = FeatureExtractor.Open(file, Context.Target);
        Assert.Equal(tail == TailKind.Split ? ["tuned tail", "original tail"] : ["tuned tail"], model.Kinds);
        using var table = Extract(model);
        using var before = FeatureExtractor.Open(plain, Context.Target);
        using var original = Extract(before);
        bool isMoved = false;
        for (int row = 0; row < Images; row++)
        {
            isMoved |= !table.Kind(0)[row].SequenceEqual(original.Kind(0)[row]);
            if (tail == TailKind.Split)
                Assert.Equal(original.Kind(0)[row], table.Kind(1)[row]);
        }

        Assert.True(isMoved, "a tail that was tuned gives other features");
    }

    [Fact]
    public void KeyChangesWithAWeightAndAnImageAndNotWithWorkersOrPlaces()
    {
        string file = Plain("plain", seed: 1), other = Plain("other", seed: 2), copy = folder.PathOf("copy.safetensors");
        File.Copy(file, copy);
        int[] all = [.. Enumerable.Range(0, Images)];
        string identity = DataIdentity.Of(source, all, threads);
        string Key(string path, string data, IBackend device)
        {
            using var model = FeatureExtractor.Open(path, new ComputeTarget(device));
            return model.Key(data, device);
        }

        using var oneWorker = new CpuBackend(1);
        using var oneThread = new CpuThreads(1);
        Assert.Equal(Key(file, identity, backend), Key(copy, DataIdentity.Of(source, all, oneThread), oneWorker));
        Assert.NotEqual(Key(file, identity, backend), Key(other, identity, backend));
        Assert.NotEqual(identity, DataIdentity.Of(source, all[1..], threads));
        Assert.NotEqual(identity, DataIdentity.Of(source, [all[1], all[0], .. all[2..]], threads));
    }

    [Fact]
    public void FeaturesDoNotDependOnTheNumberOfWorkers()
    {
        string file = Plain("plain", seed: 1);
        float[][] found = [.. new[] { 1, 3 }.Select(workers =>
        {
            using var crew = new CpuThreads(workers);
            using var device = new CpuBackend(workers);
            var context = new RunContext(device, crew, SilentProgress.Instance, CancellationToken.None, _ => { });
            using var model = FeatureExtractor.Open(file, context.Target);
            using var table = new FeatureTable(Images, model.Width, 1);
            model.Extract(source, [.. Enumerable.Range(0, Images)], table, context);
            return Enumerable.Range(0, Images).SelectMany(r => table.Row(r).ToArray()).ToArray();
        })];
        Assert.Equal(found[0], found[1]);
    }

    [Fact]
    public void DeviceApartGivesTheSameFeaturesAndNeighboursToTheBit()
    {
        string file = Plain("plain", seed: 1);
        int[] labels = [.. Enumerable.Range(0, Images).Select(source.Label)];
        (float[] Features, int[] Answers) Run(IBackend device)
        {
            var context = Context with { Backend = device };
            using var model = FeatureExtractor.Open(file, context.Target);
            using var table = new FeatureTable(Images, model.Width, 1);
            model.Extract(source, [.. Enumerable.Range(0, Images)], table, context);
            var data = new LabeledFeatures(table.Kind(0), labels, table.Kind(0), labels, 3);
            var found = NearestNeighbors.Run(data, [5], 0.07, device, threads);
            return ([.. Enumerable.Range(0, Images).SelectMany(r => table.Row(r).ToArray())], [.. found[0].Weighted, .. found[0].Plain]);
        }

        using var apart = new SeparateMemory();
        using var cpu = new CpuBackend(1);
        var (expected, found) = (Run(cpu), Run(apart));
        Assert.Equal(expected.Features, found.Features);
        Assert.Equal(expected.Answers, found.Answers);
        Assert.Equal(0, apart.LiveBuffers);
    }

    private FeatureTable Extract(FeatureExtractor model)
    {
        var table = new FeatureTable(Images, model.Width, model.Kinds.Count);
        model.Extract(source, [.. Enumerable.Range(0, Images)], table, Context);
        return table;
    }

    private void AssertAnswers(LoadedModel loaded, FeatureRows features, Parameter weight, Parameter bias)
    {
        var predictor = loaded.Predictor;
        using var batch = new ImageBatch(predictor.Model, predictor.BatchSize, Context);
        for (int first = 0; first < Images; first += predictor.BatchSize)
        {
            batch.Read(source, [.. Enumerable.Range(first, Math.Min(predictor.BatchSize, Images - first))]);
            batch.ShowClean();
            batch.Normalize(predictor.Normalization, predictor);
            predictor.Predict(backend, batch.SampleIds);
            for (int row = 0; row < batch.Count; row++)
            {
                int classes = predictor.Model.Classes;
                double[] logits = new double[classes];
                for (int c = 0; c < classes; c++)
                {
                    logits[c] = bias.Value.View.Span[c];
                    for (int i = 0; i < features.Width; i++)
                        logits[c] += (double)weight.Value.View.Span[c * features.Width + i] * features[first + row][i];
                }

                double sum = logits.Sum(Math.Exp);
                for (int c = 0; c < classes; c++)
                    // Sums of 64 products in float, through a softmax.
                    Assert.Equal(Math.Exp(logits[c]) / sum, predictor.Probabilities[row * classes + c], 2e-6);
            }
        }
    }

    private string Plain(string name, ulong seed)
    {
        string path = folder.PathOf(name + ".safetensors");
        var preset = ModelSource.Resolve("resnet_fashion");
        using var parameters = preset.LoadClassifier(_ => false, seed);
        preset.Save(path, parameters);
        return path;
    }

    private string Student(string pretrained, TailKind tail, TunedEnd tuned)
    {
        string path = folder.PathOf("student.safetensors");
        var model = ModelSource.Resolve(pretrained);
        var student = new ThreeHeadedStudent(model.Model, 1, tail, tuned);
        using var parameters = student.CreateTrainingStore(model, seed: 0);
        foreach (var parameter in parameters.Trained)
        {
            foreach (ref float x in parameter.Value.View.Span)
                x += 0.01f;
        }

        using var saved = new ParameterStore(student.SavedSpecs, _ => false);
        saved.CopyFrom(parameters);
        model.Save(path, saved, new StudentInference().Metadata(student));
        return path;
    }
}
