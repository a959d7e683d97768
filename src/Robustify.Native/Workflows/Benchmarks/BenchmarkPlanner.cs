using System.Globalization;
using Robustify.Native.Evaluation;
using Robustify.Native.Evaluation.Suites;
using Robustify.Native.Models;

namespace Robustify.Native.Workflows.Benchmarks;

/// <summary>Turns what the user asked for into passes over data.</summary>
internal static class BenchmarkPlanner
{
    /// <summary>Opens the data of every suite and plans its passes.</summary>
    public static BenchmarkPlan Plan(BenchmarkRunOptions options, IReadOnlyList<ModelSource> models)
    {
        var plan = new BenchmarkPlan();
        var data = LabeledData.Open(options.Data, options.Seed, testLimit: options.TestLimit);
        foreach (var model in models)
            data.RequireClasses(model.Model, model.Name);
        var measured = new BenchmarkOptions { Seed = options.Seed, Corruptions = options.Corruptions, Severities = options.Severities };
        var pass = Benchmark.OnTheFly(models[0].Model.ImageSize, data.TestSource, data.Test, measured) with { IsStrict = options.Strict };
        plan.Passes.Add(pass);
        plan.Describe(SuiteNames.Clean, pass, data.TestSource.Count, []);
        if (options.Corruptions.Count > 0)
            plan.Describe(SuiteNames.Corruption, pass, data.TestSource.Count, []);
        plan.Protocol.Add(("seed", options.Seed.ToString(CultureInfo.InvariantCulture)));
        return plan;
    }
}
