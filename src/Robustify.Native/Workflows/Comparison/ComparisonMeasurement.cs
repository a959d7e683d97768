using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Robustify.Native.Evaluation;
using Robustify.Native.Graph;
using Robustify.Native.Method;
using Robustify.Native.Models;
using Robustify.Native.Runs;
using Robustify.Native.Workflows.Benchmarks;
using Robustify.Native.Workflows.Comparison.Schemes;

namespace Robustify.Native.Workflows.Comparison;

/// <summary>Measures all models of a seed and writes its results.</summary>
internal static class ComparisonMeasurement
{
    /// <summary>Measures what is missing; writes results.json, .csv and .md of the seed, and once for the comparison sample images.</summary>
    public static SeedResults Run(
        ComparisonRecipe recipe, ulong seed, IReadOnlyList<MeasuredModel> models, IReadOnlyDictionary<string, SchemeCost> costs, RunContext context,
        RunDirectory directory, RunDirectory part)
    {
        using var compared = ComparedModels.Open(models, context.Target);
        var plan = BenchmarkPlanner.Plan(
            recipe.Measure.For([.. compared.Models.Select(m => (m.Name, m.Path))], recipe), [.. compared.Loaded.Select(m => m.Source)]);
        foreach (string warning in plan.Warnings)
            context.Message("warning: " + warning);
        compared.Measure(directory.PathOf("answers"), plan.Passes, context);
        var passes = compared.Passes;
        var all = ResultReader.Read([.. compared.Models.Select(m => m.Name)], compared.Predictors, passes, plan.IsImageNet);
        ModelResult[] rows = [.. all.Where((_, i) => compared.Models[i].Sweep is null)];
        string[] names = [.. rows.Select(r => r.Name)];
        var run = new RunResults
        {
            Models = rows, Ledger = LedgerOf(names, costs), Protocol = plan.Protocol, Suites = plan.Descriptions(passes),
            Comparisons = ComparisonReader.Read(names, passes, recipe.Measure.Seed), Warnings = plan.Warnings,
            Caveats = plan.Caveats,
        };
        RunFiles.Write(part, run);
        var root = Document(run);
        root["costs"] = Costs(recipe, costs, compared);
        (string, string)[] own = [.. compared.Models.Take(rows.Length).Select(m => (m.Name, m.Path))];
        recipe.Transfer?.AddTo(root, own, seed, context, directory, part);
        recipe.ZeroShot?.AddTo(root, own, context, part);
        if (Sweeps(compared, all) is { Count: > 0 } sweeps)
            root["sweeps"] = sweeps;
        part.WriteJson("results.json", json => root.WriteTo(json));
        if (seed == recipe.Seeds[0])
            BenchmarkSamples.Write(directory, context, [.. compared.Predictors.Take(rows.Length)], passes, names);
        return new(seed, run, JsonNode.Parse(root.ToJsonString())!.AsObject());
    }

    private static Ledger LedgerOf(IEnumerable<string> names, IReadOnlyDictionary<string, SchemeCost> costs)
    {
        var ledger = new Ledger();
        foreach (string name in names)
            ledger[name] = costs[name].Training;
        return ledger;
    }

    private static JsonObject Document(RunResults run)
    {
        using var text = new MemoryStream();
        using (var json = new Utf8JsonWriter(text))
            ResultsFile.Write(json, run);
        return JsonNode.Parse(text.ToArray())!.AsObject();
    }

    private static JsonObject Costs(ComparisonRecipe recipe, IReadOnlyDictionary<string, SchemeCost> costs, ComparedModels compared)
    {
        var all = new JsonObject();
        for (int m = 0; m < compared.Models.Count; m++)
        {
            if (compared.Models[m].Sweep is not null)
                continue;
            var scheme = recipe.Schemes.First(s => s.Name == compared.Models[m].Name);
            var source = LoadedOf(compared, m).Source;
            var (own, total) = (costs[scheme.Name], TotalOf(recipe, scheme, costs));
            long parameters = (ThreeHeadedStudent.Of(source)?.SavedSpecs ?? source.Model.AllSpecs()).Where(s => !s.IsStatistic).Sum(s => s.Shape.Count);
            all[scheme.Name] = new JsonObject
            {
                ["scheme"] = scheme.Kind, ["seconds"] = Math.Round(own.Training.Seconds, 3), ["cpu_seconds"] = Math.Round(own.CpuSeconds, 3),
                ["device_seconds"] = Math.Round(own.Training.DeviceSeconds, 3),
                ["total_seconds"] = Math.Round(total.Training.Seconds, 3), ["total_cpu_seconds"] = Math.Round(total.CpuSeconds, 3),
                ["images"] = own.Training.Images, ["total_images"] = total.Training.Images, ["steps"] = own.Training.Steps,
                ["forward_flops"] = own.Training.ForwardFlops, ["backward_flops"] = own.Training.BackwardFlops,
                ["total_flops"] = total.Training.ForwardFlops + total.Training.BackwardFlops,
                ["trained_parameters"] = own.Training.TrainedParameters, ["parameters"] = parameters,
                ["trained_share"] = (double)own.Training.TrainedParameters / parameters, ["inference_multiply_adds"] = ModelCost.MultiplyAdds(source.Model),
            };
        }

        return all;
    }

    private static LoadedModel LoadedOf(ComparedModels compared, int model) => compared.Loaded.First(l => l.Predictor == compared.Predictors[model]);

    /// <summary>With everything it stands on: a student's teacher, the tuned model that an interpolation starts from.</summary>
    private static SchemeCost TotalOf(ComparisonRecipe recipe, Scheme scheme, IReadOnlyDictionary<string, SchemeCost> costs) =>
        Foundation(recipe, scheme).Distinct().Aggregate(default(SchemeCost), (sum, name) => sum + costs[name]);

    private static IEnumerable<string> Foundation(ComparisonRecipe recipe, Scheme scheme) =>
        [scheme.Name, .. scheme.StandsOn.SelectMany(name => Foundation(recipe, recipe.Schemes.First(s => s.Name == name)))];

    private static JsonObject Sweeps(ComparedModels compared, ModelResult[] results)
    {
        var sweeps = new JsonObject();
        for (int m = 0; m < results.Length; m++)
        {
            var model = compared.Models[m];
            if (model.Sweep is null)
                continue;
            if (sweeps[model.Sweep] is not JsonObject sweep)
                sweeps[model.Sweep] = sweep = [];
            var place = new JsonObject { ["clean_top1"] = results[m].Clean.Top1 };
            if (double.IsFinite(results[m].MeanCorruptionTop1))
                place["corruption_mean_top1"] = results[m].MeanCorruptionTop1;
            foreach (var shift in results[m].Shifts)
                place[shift.Suite + "_top1"] = shift.Metrics.Top1;
            sweep[model.Alpha.ToString("0.###", CultureInfo.InvariantCulture)] = place;
        }

        return sweeps;
    }
}
