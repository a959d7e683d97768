using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Robustify.Kernels;
using Robustify.Native.Models;
using Robustify.Native.Runs;
using Robustify.Native.Workflows.Benchmarks;
using Robustify.Native.Workflows.Comparison.Schemes;

namespace Robustify.Native.Workflows.Comparison;

/// <summary>
/// The verb compare: trains every scheme of a recipe once for each seed, each in a directory of its own, measures all models of a seed in
/// one pass over the data, and writes tables over the seeds. What is finished is not done again.
/// </summary>
internal static class ComparisonWorkflow
{
    /// <summary>Trains and measures what is missing, and writes the tables.</summary>
    /// <param name="recipe">What to compare.</param>
    /// <param name="output">Run directory; an earlier run there is taken up.</param>
    /// <param name="context">Device and progress.</param>
    /// <param name="describe">Writes the properties of run.json.</param>
    /// <param name="summarized">Called after each seed with the directory and its results.json, to write more of it.</param>
    public static void Run(
        ComparisonRecipe recipe, string output, RunContext context, Action<Utf8JsonWriter> describe, Action<RunDirectory, JsonObject>? summarized = null)
    {
        var large = ModelSource.Resolve(recipe.Large).RequireFinite();
        if (!large.IsPretrained)
            throw new RobustifyException($"$.large: '{recipe.Large}' is a preset without weights, a pretrained model expected; run pretrain first");
        var directory = RunDirectory.Open(output, describe);
        directory.Guard(() =>
        {
            var measured = new List<SeedResults>();
            foreach (ulong seed in recipe.Seeds)
            {
                var part = directory.Part(FolderOf(seed));
                measured.Add(part.Guard(() => RunSeed(recipe, seed, large, context, directory, part)));

                // After each seed, so that a long comparison can be read while it goes on.
                var root = ComparisonFiles.Write(directory, measured);
                summarized?.Invoke(directory, root);
            }

            return measured.Count;
        });
    }

    /// <summary>The folder of a seed inside a run.</summary>
    public static string FolderOf(ulong seed) => string.Create(CultureInfo.InvariantCulture, $"seed-{seed}");

    /// <summary>Every option that a scheme's model depends on under a seed, those of the schemes it stands on under their names.</summary>
    public static SortedDictionary<string, string> AllOptions(ComparisonRecipe recipe, Scheme scheme, ulong seed)
    {
        var all = recipe.Common(seed);
        foreach (var (name, value) in scheme.Options.Where(o => o.Key != "name"))
            all[name] = value;
        if (scheme is GivenScheme given)
            all["model"] = AnswerFiles.DigestOfModel(given.Model)[..16];
        foreach (string name in scheme.StandsOn)
        {
            foreach (var (option, value) in AllOptions(recipe, recipe.Schemes.First(s => s.Name == name), seed))
                all[$"{name}.{option}"] = value;
        }

        return all;
    }

    private static SeedResults RunSeed(
        ComparisonRecipe recipe, ulong seed, ModelSource large, RunContext context, RunDirectory directory, RunDirectory part)
    {
        string ModelOf(string name) => recipe.Schemes.First(s => s.Name == name) is GivenScheme given ? given.Model : part.PathOf(name);
        var costs = new Dictionary<string, SchemeCost>(StringComparer.Ordinal);
        foreach (var scheme in recipe.Schemes)
            costs[scheme.Name] = scheme.IsTrained ? TrainOnce(recipe, scheme, seed, large, context, part, ModelOf) : default;
        return ComparisonMeasurement.Run(recipe, seed, [.. recipe.Schemes.SelectMany(s => s.Models(ModelOf))], costs, context, directory, part);
    }

    private static SchemeCost TrainOnce(
        ComparisonRecipe recipe, Scheme scheme, ulong seed, ModelSource large, RunContext context, RunDirectory part, Func<string, string> modelOf)
    {
        var options = AllOptions(recipe, scheme, seed);
        string folder = part.PathOf(scheme.Name);
        var state = SchemeState.Read(folder);
        string label = string.Create(CultureInfo.InvariantCulture, $"seed {seed}, {scheme.Name}");
        if (state?.Difference(options) is { } difference)
        {
            context.Message($"{label}: {difference}; trained anew");
            Directory.Delete(folder, recursive: true);
            state = null;
        }

        if (state?.Status == SchemeStatus.Finished)
        {
            context.Message($"{label}: finished before");
            return state.Cost;
        }

        var directory = part.Part(scheme.Name);
        new SchemeState(SchemeStatus.Running, options, state?.Cost ?? default).Write(directory);
        var run = new SchemeRun
        {
            Recipe = recipe, Seed = seed, Context = context, Large = large, Directory = directory, ModelOf = modelOf,
            Resume = state is not null,
        };
        var before = Environment.CpuUsage;
        double CpuSeconds() => (state?.Cost.CpuSeconds ?? 0) + (Environment.CpuUsage.TotalTime - before.TotalTime).TotalSeconds;
        try
        {
            var cost = new SchemeCost(directory.Guard(() => scheme.Train(run)), CpuSeconds());
            new SchemeState(SchemeStatus.Finished, options, cost).Write(directory);
            return cost;
        }
        catch (OperationCanceledException)
        {
            // What this process computed was paid for; the run's own ledger keeps the rest.
            new SchemeState(SchemeStatus.Running, options, new SchemeCost(default, CpuSeconds())).Write(directory);
            throw;
        }
    }
}
