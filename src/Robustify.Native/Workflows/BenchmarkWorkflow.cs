using System.Text.Json;
using Robustify.Kernels;
using Robustify.Kernels.Backends;
using Robustify.Native.Corruptions;
using Robustify.Native.Evaluation;
using Robustify.Native.Evaluation.Report;
using Robustify.Native.Evaluation.Suites;
using Robustify.Native.Files;
using ModelSource = Robustify.Native.Models.ModelSource;
using Robustify.Native.Runs;
using Robustify.Native.Training;
using Robustify.Native.Workflows.Benchmarks;

namespace Robustify.Native.Workflows;

/// <summary>The verb bench: measures trained models on clean, corrupted and shifted test images.</summary>
public static class BenchmarkWorkflow
{
    /// <summary>Measures, writes the run directory, and returns the scores in the order of the models.</summary>
    public static IReadOnlyList<ModelResult> Run(BenchmarkRunOptions options, RunContext context, Action<Utf8JsonWriter> describe)
    {
        RequireSense(options);
        var loaded = new List<LoadedModel>();
        try
        {
            foreach (var (name, model) in options.Models)
                loaded.Add(LoadedModel.Open(name, model, context.Target, overrides: options.Overrides));
            Benchmark.RequireOneInput([.. loaded.Select(m => m.Predictor)]);
            var plan = BenchmarkPlanner.Plan(options, [.. loaded.Select(m => m.Source)]);
            foreach (string warning in plan.Warnings)
                context.Message("warning: " + warning);
            foreach (var (corruption, reason) in plan.Caveats)
                context.Message($"{corruption}: {reason}");
            if (options.Strict && plan.Warnings.Count > 0)
                throw new RobustifyException($"{plan.Warnings[0]}; complete the set, or leave out --strict to go on without");
            var directory = RunDirectory.Open(options.Out, describe);
            var results = directory.Guard(() => Measure(options, context, plan, loaded, directory));
            HtmlReport.Write(directory.Root);
            return results;
        }
        finally
        {
            foreach (var model in loaded)
                model.Dispose();
        }
    }

    /// <summary>The memory of the models, all of them at once, and of a batch of pictures; without taking it.</summary>
    public static MemoryPlan Plan(BenchmarkRunOptions options, Precision precision)
    {
        var sources = options.Models.Select(m => (m.Name, Source: ModelSource.Resolve(m.Model, options.Overrides))).ToArray();
        var parts = sources.SelectMany(m => LoadedModel.Plan(m.Name, m.Source, precision, Benchmark.BatchSize)).ToList();
        var model = sources[0].Source.Model;
        // Clean and as shown, in bytes.
        parts.Add(new("pictures", 2L * Benchmark.BatchSize * model.ImageSize * model.ImageSize * model.Channels));
        return new MemoryPlan(parts);
    }

    /// <summary>The memory of one model that answers batches of a size.</summary>
    public static MemoryPlan Plan(ModelSource source, int batchSize, Precision precision) =>
        new(LoadedModel.Plan("model", source, precision, batchSize));

    private static ModelResult[] Measure(
        BenchmarkRunOptions options, RunContext context, BenchmarkPlan plan, List<LoadedModel> loaded, RunDirectory directory)
    {
        IPredictor[] predictors = [.. loaded.Select(m => m.Predictor)];
        string[] names = [.. options.Models.Select(m => m.Name)];
        var passes = AnswerFiles.Open(directory, plan.Passes, options.Models, options.Resume);
        try
        {
            Benchmark.Measure(predictors, passes, context);
            var results = ResultReader.Read(names, predictors, passes, plan.IsImageNet);
            if (plan.IsImageNet)
                WarnOfFarFigures(options, context, plan, results);
            RunFiles.Write(directory, new RunResults
            {
                Models = results, Ledger = RecordedCosts.Of(options.Models), Protocol = plan.Protocol, Suites = plan.Descriptions(passes),
                Comparisons = ComparisonReader.Read(names, passes, options.Seed), Warnings = plan.Warnings, Caveats = plan.Caveats,
            });
            BenchmarkSamples.Write(directory, context, predictors, passes);
            return results;
        }
        finally
        {
            passes.ForEach(p => p.Dispose());
        }
    }

    private static void WarnOfFarFigures(BenchmarkRunOptions options, RunContext context, BenchmarkPlan plan, ModelResult[] results)
    {
        bool isReleasedSet = options.Suites.Any(s => s.Name == SuiteNames.ImageNetC);
        for (int m = 0; m < results.Length; m++)
        {
            var (name, path) = options.Models[m];
            string place = Path.TrimEndingDirectorySeparator(Path.GetFullPath(path)), file = Path.GetFileName(place);

            // A published checkpoint is often model.safetensors in a folder of the model's name.
            string[] known = [name, file, Path.GetFileNameWithoutExtension(file), Path.GetFileName(Path.GetDirectoryName(place)) ?? ""];
            foreach (string warning in SanityCheck.Warnings(results[m], known, isReleasedSet))
            {
                plan.Warnings.Add(warning);
                context.Message("warning: " + warning);
            }
        }
    }

    private static void RequireSense(BenchmarkRunOptions options)
    {
        if (options.Models.Count == 0)
            throw new RobustifyException("bench: no model given, at least one expected; name a file or a run directory with --model");
        if (options.Models.Select(m => m.Name).Distinct(StringComparer.Ordinal).Count() != options.Models.Count)
            throw new RobustifyException("bench: two models of one name given; tell them apart with --model NAME=FILE");
        if (options.Suites.FirstOrDefault(s => s.Folder is not null && !Directory.Exists(s.Folder)) is { } lost)
        {
            throw new RobustifyException($"--suite {OneLine.Of(lost.ToString(), 400)}: " + (File.Exists(lost.Folder)
                ? "a file found, the folder of the set expected; unpack an archive and name its folder"
                : "no such folder; name the folder of the set"));
        }

        if (options.Suites.GroupBy(s => s.Name).FirstOrDefault(s => s.Count() > 1) is { } twice)
            throw new RobustifyException($"--suite: {string.Join(" and ", twice)} found, one folder a suite expected; measure them in two runs");
        foreach (int severity in options.Severities)
        {
            if (severity is < 1 or > Corruption.MaxSeverity)
                throw new RobustifyException($"--severity: {severity} found, 1..{Corruption.MaxSeverity} expected");
        }
    }
}
