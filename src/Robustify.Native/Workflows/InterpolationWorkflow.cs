using System.Globalization;
using System.Text.Json;
using Robustify.Native.Evaluation;
using Robustify.Native.Method;
using Robustify.Native.Models;
using Robustify.Native.Runs;

namespace Robustify.Native.Workflows;

/// <summary>Options of finetune --method wise.</summary>
internal sealed record InterpolationOptions
{
    /// <summary>The pretrained model: file or run directory.</summary>
    public required string Original { get; init; }

    /// <summary>The same model tuned, plain or a student: file or run directory.</summary>
    public required string Tuned { get; init; }

    /// <summary>Place on the line, 0 (original) to 1 (tuned).</summary>
    public double Alpha { get; init; } = 0.5;

    /// <summary>Data directory; null for the default.</summary>
    public string? Data { get; init; }

    /// <summary>Run directory.</summary>
    public required string Out { get; init; }

    /// <summary>Key of the division of the data and of the corruptions that a student's selector is calibrated on.</summary>
    public ulong Seed { get; init; }

    /// <summary>At most so many test images.</summary>
    public int? TestLimit { get; init; }

    /// <summary>Training images to calibrate a student's selector on.</summary>
    public int HeldOut { get; init; } = 1000;

    /// <summary>How much clean accuracy on them the selector may give away.</summary>
    public double CleanMargin { get; init; } = 0.002;

    /// <summary>How many standard errors of that loss are kept beside the margin.</summary>
    public double CleanConfidence { get; init; } = 1;
}

/// <summary>WiSE-FT at one place of the line: writes the checkpoint and measures it on clean test images.</summary>
internal static class InterpolationWorkflow
{
    /// <summary>Writes the run directory.</summary>
    public static void Run(InterpolationOptions options, RunContext context, Action<Utf8JsonWriter> describe)
    {
        string name = string.Create(CultureInfo.InvariantCulture, $"wise_{options.Alpha}");
        var source = ModelSource.Resolve(options.Tuned).RequireFinite();
        var data = LabeledData.Open(options.Data, options.Seed, null, options.TestLimit, options.HeldOut);
        data.RequireClasses(source.Model, options.Tuned);
        var directory = RunDirectory.Open(options.Out, describe);
        directory.Guard(() =>
        {
            bool isStudent = WeightInterpolation.Write(options.Original, options.Tuned, options.Alpha, directory.Checkpoint);
            if (isStudent && data.HeldOut.Length > 0)
                StudentCalibration.Write(directory.Checkpoint, options.Original, data, options.CleanMargin, options.CleanConfidence, options.Seed, context);
            using var model = LoadedModel.Open(name, directory.Root, context.Target);
            var measured = new BenchmarkOptions { Seed = options.Seed, Corruptions = [], Preprocessing = source.Preprocessing };
            var results = Benchmark.Run([model.Predictor], data.TestSource, data.Test, measured, context);
            directory.WriteJson("results.json", json => ResultsFile.Write(json, results, new Ledger { [name] = default }));
            context.Message($"{name}: clean top-1 {results[0].Clean.Top1:F4} on {results[0].Clean.Images} test images");
            return results;
        });
    }
}
