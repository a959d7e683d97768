using Robustify.Kernels;
using Robustify.Kernels.Backends;
using Robustify.Native.Evaluation;
using Robustify.Native.Evaluation.ZeroShot;
using Robustify.Native.Models;
using Robustify.Native.Runs;

namespace Robustify.Native.Workflows;

/// <summary>Images with the names of their classes.</summary>
/// <param name="Path">The data set; null for none, where only a classifier is wanted.</param>
/// <param name="ClassesFile">Class names in the order of the labels, one a line; null for the data's own.</param>
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
            float[] weights = text.HeadWeights(ClassNames(set.ClassesFile, data), context);
            foreach (var (name, path) in options.Models)
            {
                using var classifier = ZeroShotClassifier.Create(path, weights, overrides, context.Target);
                if (options.Save is { } file)
                    classifier.Save(file);
                if (data is not null)
                    results.Add(Measure(classifier, name, set.Path!, data, options, context));
            }
        }

        return results;
    }

    /// <summary>The names that describe a data set's classes: those of a file, or its own with blanks for underscores.</summary>
    /// <exception cref="RobustifyException">A file with another number of names than the data has classes.</exception>
    internal static IReadOnlyList<string> ClassNames(string? file, LabeledData? data)
    {
        if (file is null)
            return [.. data!.TestSource.ClassNames.Select(name => name.Replace('_', ' '))];
        var names = LineFile.Read(file);
        return data is null || data.TestSource.ClassNames.Count == names.Count
            ? names
            : throw new RobustifyException($"{file}: {names.Count} class names found, {data.Path} has {data.TestSource.ClassNames.Count} classes; write one name a line in the order of the labels");
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

    private static ZeroShotResult Measure(
        ZeroShotClassifier classifier, string name, string path, LabeledData data, ZeroShotRunOptions options, RunContext context)
    {
        using var predictor = classifier.Predictor(name, context.Target);
        var measured = new BenchmarkOptions { Seed = options.Seed, Corruptions = [], Preprocessing = classifier.Source.Preprocessing };
        var result = Benchmark.Run([predictor], data.TestSource, data.Test, measured, context)[0];
        return new(name, path, data.TestSource.ClassNames.Count, result.Clean.Images, result.Clean.Top1, result.Metrics[Condition.Clean].Top5);
    }
}
