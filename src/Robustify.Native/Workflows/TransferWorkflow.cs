using System.Text.Json;
using Robustify.Native.Evaluation.Transfer;
using Robustify.Native.Runs;
using Robustify.Native.Workflows.Transfer;

namespace Robustify.Native.Workflows;

/// <summary>
/// The verb transfer: how well models serve on data sets they were not made for, to be measured before and after one is made robust.
/// Features are computed once for a model and a data set and kept, so that a run that was interrupted goes on from them.
/// </summary>
public static class TransferWorkflow
{
    /// <summary>Measures, writes the run directory, and returns what was found. No result depends on the number of workers.</summary>
    public static TransferResults Run(TransferOptions options, RunContext context, Action<Utf8JsonWriter> describe)
    {
        options.Validate();
        foreach (var (_, model) in options.Models)
            FeatureExtractor.Resolve(model, options.Overrides);
        var tasks = options.Data.Select(d => new TransferTask(d.Name, d.Path, options, context.Threads)).ToArray();
        var directory = RunDirectory.Open(options.Out, describe);
        return directory.Guard(() =>
        {
            var cache = new FeatureCache(options.Cache ?? directory.PathOf("features"), context.Message);
            var record = new TransferRecord(options);
            for (int m = 0; m < options.Models.Count; m++)
            {
                var (name, path) = options.Models[m];
                using var model = FeatureExtractor.Open(path, context.Target, options.Overrides);
                record.Describe(name, path, model);
                foreach (var task in tasks)
                    new TransferMeasurement(options, context, directory, cache, record).Measure(name, path, model, task);
            }

            var results = record.Results();
            directory.WriteJson("results.json", json => TransferFiles.WriteJson(json, options, tasks, record, results));
            directory.WriteText("results.csv", TransferFiles.Csv(results));
            directory.WriteText("results.md", TransferFiles.Markdown(results, record));
            return results;
        });
    }
}
