using System.Globalization;
using Robustify.Kernels;
using Robustify.Native.Data.Sources;
using Robustify.Native.Evaluation;
using Robustify.Native.Evaluation.Suites;
using Robustify.Native.Method;
using Robustify.Native.Models;
using Robustify.Native.Runs;

namespace Robustify.Native.Workflows;

/// <summary>Options of the verb predict.</summary>
public sealed record PredictionOptions
{
    /// <summary>Safetensors file or run directory.</summary>
    public required string Model { get; init; }

    /// <summary>Pictures and folders of pictures.</summary>
    public required IReadOnlyList<string> Inputs { get; init; }

    /// <summary>The data set whose class names are told; null for the default set where it fits the model, else classes bear numbers.</summary>
    public string? Data { get; init; }

    /// <summary>What of the model's checkpoint is taken otherwise.</summary>
    public ModelOverrides Overrides { get; init; } = new();

    /// <summary>Classes told for each picture, at least 1.</summary>
    public int Top { get; init; } = 3;
}

/// <summary>A class and how probable a model finds it.</summary>
/// <param name="Class">Its number from 0.</param>
/// <param name="Name">Its name.</param>
/// <param name="Probability">0..1.</param>
public readonly record struct ClassProbability(int Class, string Name, float Probability);

/// <summary>One picture's answer.</summary>
/// <param name="File">The picture.</param>
/// <param name="Classes">The most probable classes, the first the answer; of equal ones the lower number comes first.</param>
/// <param name="Head">Which head answered; null for a model with one.</param>
public sealed record Prediction(string File, IReadOnlyList<ClassProbability> Classes, string? Head);

/// <summary>The verb predict: what a trained model sees in pictures.</summary>
public static class PredictionWorkflow
{
    /// <summary>Answers for every picture, in order.</summary>
    /// <exception cref="RobustifyException">The model, a picture or the data set cannot be read, or the data set has other classes.</exception>
    public static IReadOnlyList<Prediction> Run(PredictionOptions options, RunContext context)
    {
        if (options.Top < 1)
            throw new RobustifyException($"--top: {options.Top} found, at least 1 expected");
        var files = new PictureFiles(options.Inputs);
        using var model = LoadedModel.Open("predict", options.Model, context.Target, Benchmark.BatchFor(files.Count), options.Overrides);
        int size = model.Predictor.BatchSize;
        string[] names = ClassNames(options, model.Source.Model);
        int[] indices = [.. Enumerable.Range(0, files.Count)];
        var geometry = InputGeometry.Of(model.Source.Preprocessing, model.Source.Model.ImageSize);
        using var batch = new ImageBatch(model.Source.Model, size, context, geometry);
        var predictions = new List<Prediction>(files.Count);
        context.Progress.Begin("predict", files.Count, "pictures");
        for (int first = 0; first < files.Count; first += size)
        {
            context.Cancellation.ThrowIfCancellationRequested();
            int count = Math.Min(size, files.Count - first);
            batch.Read(files, indices.AsSpan(first, count));
            batch.ShowClean();
            batch.Normalize(model.Predictor.Normalization, model.Predictor);
            model.Predictor.Predict(context.Backend, batch.SampleIds);
            for (int row = 0; row < count; row++)
                predictions.Add(Answer(model.Predictor, row, files.PathOf(first + row), names, options.Top));
            context.Progress.Report(first + count, double.NaN);
        }

        context.Progress.End();
        return predictions;
    }

    /// <summary>
    /// The share of the pictures that each head answered, 0..1, in the order clean, unclean, combined; none where the model has one head.
    /// </summary>
    public static IReadOnlyList<(string Head, double Share)> HeadShares(IReadOnlyList<Prediction> predictions)
    {
        int headed = predictions.Count(p => p.Head is not null);
        return headed == 0
            ? []
            : [.. Enum.GetNames<StudentHead>().Select(h => h.ToLowerInvariant()).Select(h => (h, (double)predictions.Count(p => p.Head == h) / predictions.Count))];
    }

    private static Prediction Answer(IPredictor predictor, int row, string file, string[] names, int top)
    {
        float[] probabilities = predictor.Probabilities.Slice(row * names.Length, names.Length).ToArray();
        var classes = Enumerable.Range(0, names.Length).OrderByDescending(c => probabilities[c]).Take(top)
            .Select(c => new ClassProbability(c, names[c], probabilities[c]));
        string? head = predictor is IHeadedPredictor headed && headed.ChosenHeads[row] is >= 0 and var chosen ? headed.Heads[chosen] : null;
        return new Prediction(file, [.. classes], head);
    }

    // A checkpoint does not know its classes' names: they come from the data set, and only from one that fits.
    private static string[] ClassNames(PredictionOptions options, IVisionModel model)
    {
        if (options.Data is { } folder)
        {
            var named = DataDirectory.Open(folder, DataPart.Test).ClassNames;
            return named.Count == model.Classes
                ? [.. named]
                : throw new RobustifyException($"{folder}: {named.Count} classes found, the model has {model.Classes}; name the data set it was trained on");
        }

        // The default set is Fashion-MNIST: ten classes, grey, 28 pixels a side.
        return model is { Classes: 10, Channels: 1, ImageSize: 28 }
            ? [.. DataDirectory.Open(DataDirectory.Default(), DataPart.Test).ClassNames]
            : [.. Enumerable.Range(0, model.Classes).Select(c => string.Create(CultureInfo.InvariantCulture, $"class {c}"))];
    }
}
