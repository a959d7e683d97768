using System.Numerics.Tensors;
using Robustify.Kernels;
using Robustify.Native.Data.Images;
using Robustify.Native.Data.Sources;
using Robustify.Native.Runs;

namespace Robustify.Native.Evaluation;

/// <summary>
/// Measures models on clean and corrupted images in one pass over the data: an image is read once, corrupted in every way in turn, and
/// every model answers the same pixels.
/// </summary>
public static class Benchmark
{
    /// <summary>Images a batch.</summary>
    public const int BatchSize = 64;

    /// <summary>Runs the benchmark; the results are in the order of the predictors and do not depend on the worker count.</summary>
    public static IReadOnlyList<ModelResult> Run(
        IReadOnlyList<IPredictor> predictors, IImageSource source, int[] indices, BenchmarkOptions options, RunContext context)
    {
        RequireOneInput(predictors);
        var conditions = Conditions(options);
        var results = predictors.Select(p => new ModelResult(p.Name)).ToArray();
        var batch = new ImageBatch(predictors[0].Model, BatchSize, context.Workers);
        int corrupted = Math.Min(indices.Length, options.CorruptedImages ?? indices.Length);
        context.Progress.Begin("benchmark", indices.Length + (long)corrupted * (conditions.Length - 1), "images");
        long done = 0;
        for (int first = 0; first < indices.Length; first += BatchSize)
        {
            int count = Math.Min(BatchSize, indices.Length - first);
            batch.Read(context.Threads, source, indices.AsSpan(first, count));
            foreach (var condition in conditions)
            {
                context.Cancellation.ThrowIfCancellationRequested();
                if (condition.Corruption is not null && first + count > corrupted)
                {
                    if (first >= corrupted)
                        break;
                    batch.Truncate(count = corrupted - first);
                }

                batch.Corrupt(context.Threads, condition, options.Seed);
                for (int i = 0; i < predictors.Count; i++)
                    Answer(predictors[i], results[i], batch, source, condition, context);
                done += count;
                context.Progress.Report(done, double.NaN);
            }
        }

        context.Progress.End();
        return results;
    }

    private static Condition[] Conditions(BenchmarkOptions options) =>
    [
        Condition.Clean,
        .. options.Corruptions.SelectMany(c => options.Severities.Select(s => new Condition(c.Name, s))),
    ];

    private static void Answer(
        IPredictor predictor, ModelResult result, ImageBatch batch, IImageSource source, Condition condition, RunContext context)
    {
        batch.Normalize(context.Threads, predictor.Normalization, predictor.Images);
        predictor.Predict(context.Backend, batch.SampleIds);
        int classes = predictor.Model.Classes;
        var score = result.Scores.GetValueOrDefault(condition);
        var headed = predictor as IHeadedPredictor;
        for (int row = 0; row < batch.Count; row++)
        {
            int label = source.Label((int)batch.SampleIds[row]);
            score = score.Add(TensorPrimitives.IndexOfMax(predictor.Probabilities.Slice(row * classes, classes)) == label);
            if (headed is not null)
                RecordHeads(headed, result, condition, row, label);
        }

        result.Scores[condition] = score;
    }

    private static void RecordHeads(IHeadedPredictor predictor, ModelResult result, Condition condition, int row, int label)
    {
        if (!result.HeadCounts.TryGetValue(condition, out long[]? counts))
            result.HeadCounts.Add(condition, counts = new long[predictor.Heads.Count]);
        if (predictor.ChosenHeads[row] is >= 0 and var head)
            counts[head]++;
        for (int selector = 0; selector < predictor.Selectors.Count; selector++)
        {
            string name = predictor.Selectors[selector];
            if (!result.Selectors.TryGetValue(name, out var scores))
                result.Selectors.Add(name, scores = []);
            scores[condition] = scores.GetValueOrDefault(condition).Add(predictor.IsCorrect(selector, row, label));
        }
    }

    private static void RequireOneInput(IReadOnlyList<IPredictor> predictors)
    {
        var first = predictors[0].Model;
        foreach (var predictor in predictors)
        {
            if (predictor.Model.ImageSize != first.ImageSize || predictor.Model.Channels != first.Channels || predictor.BatchSize != BatchSize)
            {
                throw new RobustifyException(
                    $"benchmark: '{predictor.Name}' takes {predictor.Model.ImageSize}x{predictor.Model.ImageSize}x{predictor.Model.Channels} images, "
                    + $"'{predictors[0].Name}' {first.ImageSize}x{first.ImageSize}x{first.Channels}; measure models of different inputs one by one");
            }
        }
    }
}
