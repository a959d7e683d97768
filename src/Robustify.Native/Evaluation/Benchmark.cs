using Robustify.Kernels;
using Robustify.Native.Data.Sources;
using Robustify.Native.Evaluation.Answers;
using Robustify.Native.Evaluation.Suites;
using Robustify.Native.Runs;

namespace Robustify.Native.Evaluation;

/// <summary>
/// Measures models on clean and corrupted images in one pass over the data: an image is read once, corrupted in every way in turn, and
/// every model answers the same pixels.
/// </summary>
public static class Benchmark
{
    /// <summary>Images a batch, where there are enough of each condition.</summary>
    public const int BatchSize = 64;

    /// <summary>The batch for so many images: rows that stay empty would be computed too, which a large model takes seconds for.</summary>
    internal static int BatchFor(int images) => Math.Clamp(images, 1, BatchSize);

    /// <summary>Runs the benchmark; the results are in the order of the predictors and do not depend on the worker count.</summary>
    public static IReadOnlyList<ModelResult> Run(
        IReadOnlyList<IPredictor> predictors, IImageSource source, int[] indices, BenchmarkOptions options, RunContext context)
    {
        var pass = OnTheFly(predictors[0].Model.ImageSize, source, indices, options) with { IsStrict = true };
        using var measured = new MeasuredPass(pass, [.. predictors.Select(_ => new MemoryAnswerTable(pass.Rows.Count, indices.Length))]);
        Measure(predictors, [measured], context);
        return ResultReader.Read([.. predictors.Select(p => p.Name)], predictors, [measured]);
    }

    /// <summary>Clean images, then every corruption at every severity, made in memory.</summary>
    internal static BenchmarkPass OnTheFly(int imageSize, IImageSource source, int[] indices, BenchmarkOptions options)
    {
        int corrupted = Math.Min(indices.Length, options.CorruptedImages ?? indices.Length);
        var conditions = options.Corruptions.SelectMany(c => options.Severities.Select(s => new Condition(c.Name, s)));
        return new()
        {
            Name = "images", Source = source, Indices = indices, Seed = options.Seed,
            Geometry = options.Preprocessing is { } own ? InputGeometry.Of(own, imageSize) : InputGeometry.Standard(imageSize),
            Corruptions = options.Corruptions,
            Rows =
            [
                new(SuiteNames.Clean, Condition.Clean, ClassSpace.All, indices.Length),
                .. conditions.Select(c => new PassRow(SuiteNames.Corruption, c, ClassSpace.All, corrupted)),
            ],
        };
    }

    /// <summary>Fills the tables of all passes.</summary>
    internal static void Measure(IReadOnlyList<IPredictor> predictors, IReadOnlyList<MeasuredPass> passes, RunContext context)
    {
        RequireOneInput(predictors);
        context.Progress.Begin("benchmark", passes.Sum(p => p.Pass.Work), "images");
        long done = 0;
        foreach (var pass in passes)
        {
            using var runner = new PassRunner(pass.Pass, predictors, pass.Tables, context);
            runner.Run(count =>
            {
                done += count;
                context.Progress.Report(done, double.NaN);
            });
        }

        context.Progress.End();
    }

    /// <summary>Refuses models that cannot answer the same pixels.</summary>
    internal static void RequireOneInput(IReadOnlyList<IPredictor> predictors)
    {
        var first = predictors[0].Model;
        foreach (var predictor in predictors)
        {
            if (predictor.Model.ImageSize != first.ImageSize || predictor.Model.Channels != first.Channels || predictor.BatchSize != predictors[0].BatchSize)
            {
                throw new RobustifyException(
                    $"benchmark: '{predictor.Name}' takes {predictor.Model.ImageSize}x{predictor.Model.ImageSize}x{predictor.Model.Channels} images, "
                    + $"'{predictors[0].Name}' {first.ImageSize}x{first.ImageSize}x{first.Channels}; measure models of different inputs one by one, or give all one size with --image-size");
            }
        }
    }
}
