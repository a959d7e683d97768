using Robustify.Kernels;
using Robustify.Kernels.Backends;
using Robustify.Native.Data.Sources;
using Robustify.Native.Evaluation;
using Robustify.Native.Evaluation.ZeroShot;
using Robustify.Native.Models;
using Robustify.Native.Runs;
using Robustify.Native.Workflows.Benchmarks;

namespace Robustify.Native.Workflows;

/// <summary>Images with the names of their classes.</summary>
/// <param name="Path">The data set; null for none, where only a classifier is wanted.</param>
/// <param name="ClassesFile">As <see cref="ClassNames.Of"/> takes it; null for the data's own names.</param>
public sealed record LabelSet(string? Path, string? ClassesFile);

/// <summary>Options of the verb zeroshot.</summary>
public sealed record ZeroShotRunOptions
{
    /// <summary>Name and path of each model: a CLIP checkpoint, or the run that distilled one.</summary>
    public required IReadOnlyList<(string Name, string Path)> Models { get; init; }

    /// <summary>The CLIP checkpoint whose text tower describes the classes; null for the first of the models that has one.</summary>
    public string? TextModel { get; init; }

    /// <summary>What to measure on.</summary>
    public required IReadOnlyList<LabelSet> Data { get; init; }

    /// <summary>How classes are put into words.</summary>
    public ZeroShotOptions ZeroShot { get; init; } = new();

    /// <summary>The activation of CLIP models whose files do not say.</summary>
    public Activation? Activation { get; init; }

    /// <summary>Key of the split and the subset of images.</summary>
    public ulong Seed { get; init; }

    /// <summary>At most so many images of each data set.</summary>
    public int? TestLimit { get; init; }

    /// <summary>
    /// Whether all images of a folder without train and test parts are measured, and not the fifth that training leaves out: for models that were not
    /// trained on it.
    /// </summary>
    public bool Whole { get; init; }

    /// <summary>Where to write the classifier; null for nowhere.</summary>
    public string? Save { get; init; }
}

/// <summary>One model on one label set.</summary>
/// <param name="Model">The model's name.</param>
/// <param name="Data">The data set.</param>
/// <param name="Classes">How many classes it has.</param>
/// <param name="Images">How many images were measured.</param>
/// <param name="Top1">Fraction whose most probable class is right.</param>
/// <param name="Top5">Fraction whose class is among the five most probable.</param>
public sealed record ZeroShotResult(string Model, string Data, int Classes, long Images, double Top1, double Top5);

/// <summary>The verb zeroshot: CLIP models on label sets they were never trained on.</summary>
public static class ZeroShotWorkflow
{
    /// <summary>Measures every model on every label set, data sets first, and writes the classifier where asked.</summary>
    /// <exception cref="RobustifyException">No CLIP model, no text tower, class names that do not fit the data, or files that cannot be read.</exception>
    public static IReadOnlyList<ZeroShotResult> Run(ZeroShotRunOptions options, RunContext context)
    {
        if (options.Save is not null && (options.Models.Count != 1 || options.Data.Count != 1))
            throw new RobustifyException($"--save: {options.Models.Count} models and {options.Data.Count} label sets found, one of each expected");
        var overrides = new ModelOverrides { Activation = options.Activation };
        using var text = ZeroShotText.Open(TextSource(options, overrides), options.ZeroShot);
        var results = new List<ZeroShotResult>();
        foreach (var set in options.Data)
        {
            var data = set.Path is null ? null : LabeledData.Open(set.Path, options.Seed, testLimit: options.TestLimit);
            int[] test = data is null ? [] : Test(data, options, context);
            float[] weights = text.HeadWeights(ClassNames.Of(set.ClassesFile, data?.TestSource.ClassNames, data?.Path), context);
            foreach (var (name, path) in options.Models)
            {
                using var classifier = ZeroShotClassifier.Create(path, weights, overrides, context.Target);
                if (options.Save is { } file)
                    classifier.Save(file);
                if (data is not null)
                    results.Add(Measure(classifier, name, data, test, options, context));
            }
        }

        return results;
    }

    private static ModelSource TextSource(ZeroShotRunOptions options, ModelOverrides overrides)
    {
        if (options.TextModel is { } named)
            return ModelSource.Resolve(named, overrides);
        var sources = options.Models.Select(m => ModelSource.Resolve(m.Path, overrides)).ToArray();
        foreach (var source in sources)
            ZeroShotClassifier.RequireImageTower(source);
        return Array.Find(sources, s => s.Text is not null)
            ?? throw new RobustifyException($"model '{sources[0].Name}': has no text tower; name the CLIP model it was made from with --text-model");
    }

    /// <summary>Which images are measured.</summary>
    private static int[] Test(LabeledData data, ZeroShotRunOptions options, RunContext context)
    {
        if (data.TestSource is not FolderSource { IsUndivided: true } folder)
            return data.Test;
        if (options.Whole)
            return CleanImages.Subset(folder, options.TestLimit, options.Seed);
        context.Message($"{data.Path}: {data.Test.Length} of {folder.Count} images measured, of those that training with --seed {options.Seed} leaves out; --whole takes all");
        return data.Test;
    }

    private static ZeroShotResult Measure(
        ZeroShotClassifier classifier, string name, LabeledData data, int[] test, ZeroShotRunOptions options, RunContext context)
    {
        using var predictor = classifier.Predictor(name, test.Length, context.Target);
        var measured = new BenchmarkOptions { Seed = options.Seed, Corruptions = [], Preprocessing = classifier.Source.Preprocessing };
        var result = Benchmark.Run([predictor], data.TestSource, test, measured, context)[0];
        return new(name, data.Path, data.TestSource.ClassNames.Count, result.Clean.Images, result.Clean.Top1, result.Metrics[Condition.Clean].Top5);
    }
}
