using System.Runtime.InteropServices;
using Robustify.Kernels;
using Robustify.Kernels.Cpu;
using Robustify.Kernels.Tensors;
using Robustify.Native.Data.Images;
using Robustify.Native.Evaluation.ZeroShot;
using Robustify.Native.Graph;
using Robustify.Native.Graph.Ops;
using Robustify.Native.Method;
using Robustify.Native.Models;
using Robustify.Native.Models.Checkpoints;
using Robustify.Native.Models.Clip.Text;
using Robustify.Native.Models.ResNet;
using Robustify.Native.Planning;
using Robustify.Native.Runs;
using Robustify.Native.Tests.Data.Sources;
using Robustify.Native.Tests.Devices;
using Robustify.Native.Tests.Golden;
using Robustify.Native.Tests.Models.Clip;
using Robustify.Native.Workflows;

namespace Robustify.Native.Tests.Workflows;

/// <summary>Zero-shot classifiers of the small CLIP fixture, with a vocabulary of letters, on small pictures.</summary>
public sealed class ZeroShotWorkflowTests : IDisposable
{
    private static readonly string[] Colours = ["blue", "green", "red"];

    private readonly TemporaryFolder folder = new();
    private readonly CpuBackend backend = new(2);
    private readonly List<string> messages = [];

    public ZeroShotWorkflowTests()
    {
        Directory.CreateDirectory(Clip);
        foreach (string file in (string[])["open_clip_model.safetensors", "open_clip_config.json"])
            File.Copy(GoldenData.PathOf("models", "clip_quickgelu", file), Path.Combine(Clip, file));
        ClipTokenizerTests.Write(Clip, ["r e", "re d</w>"]);
    }

    private string Clip => folder.PathOf("clip");

    private RunContext Context => new(backend, backend.Threads, SilentProgress.Instance, CancellationToken.None, messages.Add);

    public void Dispose()
    {
        backend.Dispose();
        folder.Dispose();
    }

    [Fact]
    public void AClassIsTheMeanOfItsSentencesBroughtToLengthOne()
    {
        string[] templates = ["a {}.", "my {} is it."];
        using var text = ZeroShotText.Open(ModelSource.Resolve(Clip), new ZeroShotOptions { Templates = templates });
        float[] embeddings = text.ClassEmbeddings(Colours, Context);
        int width = text.EmbeddingWidth;
        for (int label = 0; label < Colours.Length; label++)
        {
            var mean = new double[width];
            foreach (string template in templates)
            {
                float[] features = UnitFeatures(template.Replace("{}", Colours[label], StringComparison.Ordinal));
                for (int i = 0; i < width; i++)
                    mean[i] += features[i] / 2.0;
            }

            double norm = Math.Sqrt(mean.Sum(x => x * x));
            for (int i = 0; i < width; i++)
                Assert.Equal((float)(mean[i] / norm), embeddings[label * width + i]); // To the bit, as the next test says why.
        }
    }

    // What lies behind a text's end is masked: products of zero, which change no sum on the CPU. So a text alone at the full context of 16 and in a
    // batch of its own length are equal to the bit, and nothing depends on which texts come together.
    [Fact]
    public void ATextsEmbeddingIsThatOfTheFullContextWhateverItsLengthAndCompany()
    {
        string[] texts = ["a", "red", "a red", "green cat", "a cat is it", "no no no no no no no no"];
        var source = ModelSource.Resolve(Clip);
        using var parameters = source.LoadText();
        using var encoder = new TextEncoder(source.Text!, parameters, Context.Target);
        var (tokens, ends) = new ClipTokenizer(ClipVocabulary.Beside(Clip + "/model")!).Encode(texts, 16, out int cut);
        Assert.Equal(1, cut);
        int width = source.Text!.Options.EmbeddingWidth;
        float[] together = new float[texts.Length * width];
        var reported = new List<int>();
        encoder.Encode(tokens, ends, together, reported.Add, CancellationToken.None);
        Assert.Equal(texts.Length, reported[^1]);
        for (int i = 0; i < texts.Length - 1; i++)
            Assert.Equal(UnitFeatures(texts[i]), together.AsSpan(i * width, width).ToArray());
    }

    [Fact]
    public void NamesKeptFromBeforeAreNotComputedAgain()
    {
        var options = new ZeroShotOptions { CacheFolder = folder.PathOf("cache") };
        using var text = ZeroShotText.Open(ModelSource.Resolve(Clip), options);
        float[] whole = text.ClassEmbeddings(Colours, Context);
        string file = Assert.Single(Directory.GetFiles(folder.PathOf("cache")));
        var counted = new CountingProgress();

        // One name more, in another order: it alone is computed, and the others keep their bits.
        float[] more = text.ClassEmbeddings(["cat", .. Colours.Reverse()], Context with { Progress = counted });
        Assert.Equal(options.Templates.Count, counted.Total);
        int width = text.EmbeddingWidth;
        for (int i = 0; i < Colours.Length; i++)
            Assert.Equal(whole.AsSpan(i * width, width).ToArray(), more.AsSpan((Colours.Length - i) * width, width).ToArray());
        Assert.Equal(file, Assert.Single(Directory.GetFiles(folder.PathOf("cache"))));
    }

    // Sixty-four pieces at least: the first is stored before the second begins, so a run that is stopped there goes on from it.
    [Fact]
    public void AStoppedRunGoesOnFromWhatItStored()
    {
        string[] names = [.. "abcdefgh".SelectMany(a => "abcdefgh".Select(b => $"{a}{b}"))];
        var options = new ZeroShotOptions { CacheFolder = folder.PathOf("cache"), Templates = [.. Enumerable.Range(0, 32).Select(i => $"{(char)('a' + i % 26)} {{}}")] };
        using var text = ZeroShotText.Open(ModelSource.Resolve(Clip), options);
        using var stop = new CancellationTokenSource();
        var stopping = new CountingProgress { At = 1100, Then = stop.Cancel };
        Assert.Throws<OperationCanceledException>(() => text.ClassEmbeddings(names, Context with { Progress = stopping, Cancellation = stop.Token }));
        var rest = new CountingProgress();
        float[] resumed = text.ClassEmbeddings(names, Context with { Progress = rest });
        Assert.Equal(names.Length * 32 - 1024, rest.Total);
        using var fresh = ZeroShotText.Open(ModelSource.Resolve(Clip), options with { CacheFolder = null });
        Assert.Equal(fresh.ClassEmbeddings(names, Context), resumed);
    }

    [Fact]
    public void NamesThatStandTwiceAndTextsThatAreCutAreTold()
    {
        using var text = ZeroShotText.Open(ModelSource.Resolve(Clip), new ZeroShotOptions { Templates = ["a {}."] });
        float[] twice = text.ClassEmbeddings(["red", "blue", "red"], Context);
        Assert.Equal(twice.AsSpan(0, text.EmbeddingWidth).ToArray(), twice.AsSpan(2 * text.EmbeddingWidth).ToArray());
        Assert.Contains("classes 0 and 2 are both named 'red'", Assert.Single(messages), StringComparison.Ordinal);
        messages.Clear();
        text.ClassEmbeddings(["red", "abcdefghijklmnop"], Context);
        Assert.Contains("1 of 2 sentences are longer than 16 tokens and were cut, such as 'a abcdefghijklmnop.'", Assert.Single(messages), StringComparison.Ordinal);
        Refused(() => text.ClassEmbeddings(["red", " \u001F"], Context), "of class 1 has no token");
    }

    [Fact]
    public void AFolderWithoutPartsIsMeasuredWholeWhereAsked()
    {
        Pictures("data", Colours);
        var options = new ZeroShotRunOptions
        {
            Models = [("clip", Clip)], Data = [new(folder.PathOf("data"), null)], ZeroShot = new ZeroShotOptions { Templates = ["a {}."] },
        };
        Assert.Equal(3, Assert.Single(ZeroShotWorkflow.Run(options, Context)).Images);
        Assert.Contains("3 of 15 images measured", Assert.Single(messages), StringComparison.Ordinal);
        Assert.Equal(15, Assert.Single(ZeroShotWorkflow.Run(options with { Whole = true }, Context)).Images);
        Assert.Single(messages);
    }

    [Fact]
    public void ADeviceWithMemoryOfItsOwnGivesTheSameEmbeddings()
    {
        using var device = new SeparateMemory();
        using var text = ZeroShotText.Open(ModelSource.Resolve(Clip), new ZeroShotOptions());
        Assert.Equal(text.ClassEmbeddings(Colours, Context), text.ClassEmbeddings(Colours, Context with { Backend = device }));
    }

    [Fact]
    public void ClassEmbeddingsAreStoredAndADamagedFileIsMadeAgain()
    {
        var options = new ZeroShotOptions { CacheFolder = folder.PathOf("cache"), Templates = ["a {}."] };
        float[] first = Embeddings(options);
        string file = Assert.Single(Directory.GetFiles(folder.PathOf("cache")));
        byte[] stored = File.ReadAllBytes(file);
        Assert.Equal(first, Embeddings(options));
        Assert.Empty(messages);

        // A changed bit in the values is a number like any other: only the digest tells.
        byte[] damaged = [.. stored];
        damaged[^2] ^= 1;
        foreach (byte[] content in (byte[][])[damaged, stored[..^5], []])
        {
            File.WriteAllBytes(file, content);
            Assert.Equal(first, Embeddings(options));
            Assert.Contains("made again", Assert.Single(messages), StringComparison.Ordinal);
            Assert.Equal(stored, File.ReadAllBytes(file));
            messages.Clear();
        }

        Embeddings(options with { Templates = ["one {}"] });
        Assert.Equal(2, Directory.GetFiles(folder.PathOf("cache")).Length);
    }

    [Fact]
    public void TheSavedClassifierAnswersAsTheTowersDo()
    {
        Pictures("data", Colours);
        var results = Run([("clip", Clip)], [new(folder.PathOf("data"), null)], save: folder.PathOf("saved.safetensors"));
        var result = Assert.Single(results);
        Assert.Equal(3, result.Classes);
        Assert.Equal(1, result.Top5);
        var saved = ModelSource.Resolve(folder.PathOf("saved.safetensors"));
        Assert.Equal(3, saved.Model.Classes);
        using var loaded = saved.LoadClassifier(_ => false, 0);
        using var text = ZeroShotText.Open(ModelSource.Resolve(Clip), new ZeroShotOptions());
        Assert.Equal(text.HeadWeights(Colours, Context), loaded["head.weight"].Value.View.Span.ToArray());
        Assert.All(loaded["head.bias"].Value.View.Span.ToArray(), b => Assert.Equal(0, b));

        var bench = BenchmarkWorkflow.Run(
            new BenchmarkRunOptions
            {
                Models = [("saved", folder.PathOf("saved.safetensors"))], Data = folder.PathOf("data"), Out = folder.PathOf("bench"), Corruptions = [],
            },
            Context, _ => { });
        Assert.Equal(result.Top1, bench[0].Clean.Top1);
    }

    // The whole way: three heads from the zero-shot weights, a few steps, and both models on two label sets.
    [Fact]
    public void ARobustifiedClipIsMeasuredBeforeAndAfterOnOtherLabelSets()
    {
        Pictures("train", Colours);
        Pictures("other", ["cat", "dog"]);
        DistillationWorkflow.Run(
            new DistillationRunOptions
            {
                Student = Clip, Teacher = Teacher(3), Data = folder.PathOf("train"), Out = folder.PathOf("run"), Epochs = 2, HeldOut = 0,
                Method = new DistillationOptions { BatchSize = 6, Tail = TailKind.Split, Tuned = TunedEnd.Last, TailBlocks = 1 },
            },
            Context, _ => { });

        var start = ModelSource.Resolve(folder.PathOf("run", "zeroshot.safetensors"));
        var run = ModelSource.Resolve(folder.PathOf("run"));
        var student = ThreeHeadedStudent.Of(run)!;
        using (var text = ZeroShotText.Open(ModelSource.Resolve(Clip), new ZeroShotOptions()))
        using (var begun = student.CreateTrainingStore(start, seed: 0))
        using (var trained = student.LoadTrained(run))
        {
            float[] weights = text.HeadWeights(Colours, Context);
            foreach (string head in (string[])["head", "head_unclean", "head_combined"])
                Assert.Equal(weights, begun[head + ".weight"].Value.View.Span.ToArray());
            Assert.Equal(weights, trained["head.weight"].Value.View.Span.ToArray());
            Assert.NotEqual(weights, trained["head_unclean.weight"].Value.View.Span.ToArray());
            Assert.NotEqual(Tensor(begun, "blocks.1.mlp.fc2.weight"), Tensor(trained, "blocks.1.mlp.fc2.weight"));
            Assert.Equal(Tensor(begun, "blocks.0.mlp.fc2.weight"), Tensor(trained, "blocks.0.mlp.fc2.weight"));
        }

        var results = Run([("before", Clip), ("after", folder.PathOf("run"))], [new(folder.PathOf("train"), null), new(folder.PathOf("other"), null)]);
        Assert.Equal(["before", "after", "before", "after"], results.Select(r => r.Model));
        Assert.Equal([3, 3, 2, 2], results.Select(r => r.Classes));
        Assert.All(results, r => Assert.InRange(r.Top1, 0, 1));
        using var tuned = ZeroShotClassifier.Create(folder.PathOf("run"), new float[2 * 24], new ModelOverrides());
        tuned.Save(folder.PathOf("tuned.safetensors"));
        using var measured = ModelSource.Resolve(folder.PathOf("tuned.safetensors")).LoadClassifier(_ => false, 0);
        using var whole = student.LoadTrained(run);
        Assert.Equal(Tensor(whole, "blocks.1.mlp.fc2.weight"), Tensor(measured, "blocks.1.mlp.fc2.weight"));
    }

    [Fact]
    public void WhatDoesNotFitIsRefusedInOneLine()
    {
        Pictures("data", Colours);
        string data = folder.PathOf("data"), names = folder.PathOf("names.txt");
        File.WriteAllText(names, "one\ntwo\n");
        Refused(() => Run([("clip", Clip)], [new(data, names)]), "2 class names found");
        File.WriteAllText(names, "one\n\nthree\n");
        Refused(() => Run([("clip", Clip)], [new(data, names)]), "line 2 is empty");
        Refused(() => Run([("teacher", Teacher(3))], [new(data, null)]), "is no CLIP checkpoint");
        using (var tower = ZeroShotClassifier.Create(Clip, new float[3 * 24], new ModelOverrides()))
            tower.Save(folder.PathOf("tower.safetensors"));
        Refused(() => Run([("tower", folder.PathOf("tower.safetensors"))], [new(data, null)]), "name the CLIP model it was made from with --text-model");
        Refused(() => ZeroShotText.Open(ModelSource.Resolve(Clip), new ZeroShotOptions { Templates = ["a photo"] }), "has no {}");
        File.Delete(Path.Combine(Clip, "vocab.json"));
        Refused(() => Run([("clip", Clip)], [new(data, null)]), "a vocabulary of 49408 tokens found");
        Refused(() => Robustify.Native.Evaluation.LoadedModel.Open("clip", Clip, Context.Target), "has no classifier");
    }

    [Fact]
    public void EightyTemplatesAreBuiltInAndAFileTakesTheirPlace()
    {
        Assert.Equal(80, PromptTemplates.Of("imagenet").Distinct().Count());
        Assert.Equal(7, PromptTemplates.Of("simple").Distinct().Count());
        Assert.All(PromptTemplates.Of("imagenet"), t => Assert.Contains("{}", t, StringComparison.Ordinal));
        File.WriteAllText(folder.PathOf("templates.txt"), "this is {}\r\nthat is {}\n");
        Assert.Equal(["this is {}", "that is {}"], PromptTemplates.Of(folder.PathOf("templates.txt")));
        Refused(() => PromptTemplates.Of("none"), "neither a file nor one of imagenet, photo, simple");
    }

    private sealed class CountingProgress : IProgressSink
    {
        public long Total { get; private set; }

        public long At { get; init; } = long.MaxValue;

        public Action Then { get; init; } = () => { };

        public void Begin(string phase, long total, string unit) => Total = total;

        public void Report(long done, double loss)
        {
            if (done >= At)
                Then();
        }

        public void End()
        {
        }
    }

    private static float[] Tensor(ParameterStore store, string name) => store[name].Value.View.Span.ToArray();

    private static void Refused(Action action, string part)
    {
        var error = Assert.Throws<RobustifyException>(action);
        Assert.Contains(part, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', error.Message);
    }

    private IReadOnlyList<ZeroShotResult> Run((string, string)[] models, LabelSet[] data, string? save = null) =>
        ZeroShotWorkflow.Run(new ZeroShotRunOptions { Models = models, Data = data, Save = save }, Context);

    private float[] Embeddings(ZeroShotOptions options)
    {
        using var text = ZeroShotText.Open(ModelSource.Resolve(Clip), options);
        return text.ClassEmbeddings(Colours, Context);
    }

    private float[] UnitFeatures(string words)
    {
        var source = ModelSource.Resolve(Clip);
        using var parameters = source.LoadText();
        var graph = new GraphBuilder(training: false);
        var ids = graph.Input("tokens", new Shape(1, 16), DType.Int32);
        var ends = graph.Input("ends", new Shape(1), DType.Int32);
        var unit = graph.Keep(graph.NormalizeRows("unit", source.Text!.Features(graph, new ParameterScope(parameters), ids, ends)));
        using var plan = new Plan(graph).Allocate();
        // Letters are their place in the alphabet, those that end a word 26 more; "red" is one token.
        int[] tokens = [62, .. words.Split(' ').SelectMany(Letters), 63];
        int[] padded = [.. tokens, .. new int[16 - tokens.Length]];
        backend.Upload(MemoryMarshal.AsBytes<int>(padded), ids.View);
        backend.Upload(MemoryMarshal.AsBytes<int>([tokens.Length - 1]), ends.View);
        plan.Run(backend);
        return unit.View.Span.ToArray();
    }

    private static IEnumerable<int> Letters(string word)
    {
        string letters = word.TrimEnd('.');
        IEnumerable<int> ids = letters switch
        {
            "red" => [60],
            "green" => [6, 59, 4, 13 + 26], // "re" is merged inside of it.
            _ => letters.Select((c, i) => c - 'a' + (i == letters.Length - 1 ? 26 : 0)),
        };
        return word.EndsWith('.') ? ids.Append(52) : ids;
    }

    private void Pictures(string name, string[] classes)
    {
        for (int label = 0; label < classes.Length; label++)
        {
            for (int number = 0; number < 5; number++)
            {
                var image = new Image8(32, 32, 3);
                for (int i = 0; i < image.Pixels.Length; i++)
                    image.Pixels[i] = (byte)(i % 3 == label ? 200 + i * (number + 1) % 50 : i * (number + 2) % 60);
                folder.Write(Path.Combine(name, classes[label], $"{number}.png"), ImageFile.Encode(image, ImageEncoding.Png));
            }
        }
    }

    private string Teacher(int classes)
    {
        string path = folder.PathOf("teacher.safetensors");
        var model = new ResNet(new ResNetOptions
        {
            ImageSize = 32, Channels = 3, Layers = [1], Widths = [8], StemWidth = 8, SmallImageStem = true, Classes = classes,
        });
        using var store = new ParameterStore(model.AllSpecs(), _ => false);
        store.Initialize(2);
        // A teacher takes the student's images, so it is made with CLIP's mean and deviation.
        var metadata = new Dictionary<string, string>();
        ModelSource.Resolve(Clip).Preprocessing.Write(metadata);
        CheckpointWriter.Write(
            path, [.. store.All.Select(p => new CheckpointTensor(p.Spec.Name, p.Spec.Shape.ToArray(), p.Value.View.Span.ToArray()))], metadata);
        return path;
    }
}
