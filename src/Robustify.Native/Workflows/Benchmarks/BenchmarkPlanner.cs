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
        var data = LabeledData.Open(options.Data, options.Seed, testLimit: options.TestLimit);
        foreach (var model in models)
            data.RequireClasses(model.Model, model.Name);
        var measured = new BenchmarkOptions { Seed = options.Seed, Corruptions = options.Corruptions, Severities = options.Severities };
        var plan = OnTheFly(measured, models[0].Model, data);
        plan.Passes[0] = plan.Passes[0] with { IsStrict = options.Strict };
        return plan;
    }

    /// <summary>A data set's test images, clean and corrupted in memory.</summary>
    public static BenchmarkPlan OnTheFly(BenchmarkOptions options, IVisionModel model, LabeledData data)
    {
        var plan = new BenchmarkPlan();
        var pass = Benchmark.OnTheFly(model.ImageSize, data.TestSource, data.Test, options);
        plan.Passes.Add(pass);
        plan.Describe(SuiteNames.Clean, pass, data.TestSource.Count, []);
        if (options.Corruptions.Count > 0)
            plan.Describe(SuiteNames.Corruption, pass, data.TestSource.Count, []);
        plan.Protocol.Add(("corruptions", $"made in memory, 8 bits, not stored as JPEG; seed {options.Seed.ToString(CultureInfo.InvariantCulture)}"));
        return plan;
    }
}
