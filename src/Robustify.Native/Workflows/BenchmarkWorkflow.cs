using System.Text.Json;
using Robustify.Kernels;
using Robustify.Native.Corruptions;
using Robustify.Native.Evaluation;
using Robustify.Native.Runs;

namespace Robustify.Native.Workflows;

/// <summary>Options of the verb bench.</summary>
public sealed record BenchmarkRunOptions
{
    /// <summary>Names for results with files or run directories.</summary>
    public required IReadOnlyList<(string Name, string Model)> Models { get; init; }

    /// <summary>Data directory; null for the default.</summary>
    public string? Data { get; init; }

    /// <summary>Run directory.</summary>
    public required string Out { get; init; }

    /// <summary>Key of the corruptions' draws and of the subset.</summary>
    public ulong Seed { get; init; }

    /// <summary>At most so many test images; null for all.</summary>
    public int? TestLimit { get; init; }

    /// <summary>Corruptions to measure; none for clean images only.</summary>
    public IReadOnlyList<Corruption> Corruptions { get; init; } = CorruptionCatalog.All;

    /// <summary>Severities, each 1..5.</summary>
    public IReadOnlyList<int> Severities { get; init; } = [1, 2, 3, 4, 5];
}

/// <summary>The verb bench: measures trained models on clean and corrupted test images.</summary>
public static class BenchmarkWorkflow
{
    /// <summary>Measures, writes the run directory, and returns the scores in the order of the models.</summary>
    public static IReadOnlyList<ModelResult> Run(BenchmarkRunOptions options, RunContext context, Action<Utf8JsonWriter> describe)
    {
        if (options.Models.Count == 0)
            throw new RobustifyException("bench: no model given, at least one expected; name a file or a run directory with --model");
        if (options.Models.Select(m => m.Name).Distinct(StringComparer.Ordinal).Count() != options.Models.Count)
            throw new RobustifyException("bench: two models of one name given; tell them apart with --model NAME=FILE");
        foreach (int severity in options.Severities)
        {
            if (severity is < 1 or > Corruption.MaxSeverity)
                throw new RobustifyException($"--severity: {severity} found, 1..{Corruption.MaxSeverity} expected");
        }

        var loaded = new List<LoadedModel>();
        try
        {
            foreach (var (name, model) in options.Models)
                loaded.Add(LoadedModel.Open(name, model, context.Target));
            var data = LabeledData.Open(options.Data, options.Seed, testLimit: options.TestLimit);
            foreach (var model in loaded)
                data.RequireClasses(model.Source.Model, model.Source.Name);
            var directory = RunDirectory.Open(options.Out, describe);
            return directory.Guard(() =>
            {
                var measured = new BenchmarkOptions { Seed = options.Seed, Corruptions = options.Corruptions, Severities = options.Severities };
                var results = Benchmark.Run([.. loaded.Select(m => m.Predictor)], data.TestSource, data.Test, measured, context);
                directory.WriteJson("results.json", json => ResultsFile.Write(json, results, []));
                return results;
            });
        }
        finally
        {
            foreach (var model in loaded)
                model.Dispose();
        }
    }
}
