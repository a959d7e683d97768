using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Robustify.Native.Evaluation;
using Robustify.Native.Evaluation.Report;
using Robustify.Native.Runs;

namespace Robustify.Native.Workflows.Comparison;

/// <summary>What a comparison says of the seeds measured so far: results.json (means, and <c>deviation</c> beside them), tables, pictures, page.</summary>
internal static class ComparisonFiles
{
    /// <summary>Writes all of it; returns results.json.</summary>
    public static JsonObject Write(RunDirectory directory, IReadOnlyList<SeedResults> seeds)
    {
        var root = Summary(seeds);
        directory.WriteJson("results.json", json => root.WriteTo(json));
        directory.WriteText("results.csv", Csv(seeds));
        directory.WriteText("heads.csv", Heads(seeds));
        directory.WriteText("results.md", ComparisonTables.Markdown(root));
        directory.WriteText("accuracy-cost.svg", AccuracyCostPicture.Draw(root));
        HtmlReport.Write(directory.Root);
        return root;
    }

    /// <summary>The layout of a seed's results.json with means over seeds, the seeds, and the deviation of every number.</summary>
    public static JsonObject Summary(IReadOnlyList<SeedResults> seeds)
    {
        JsonNode[] documents = [.. seeds.Select(s => s.Root)];
        var root = SeedStatistics.Mean(documents)!.AsObject();
        root["seeds"] = new JsonArray([.. seeds.Select(s => JsonValue.Create(s.Seed))]);
        var deviations = new JsonObject();
        foreach (string part in (ReadOnlySpan<string>)["models", "costs", "sweeps"])
        {
            JsonNode[] parts = [.. documents.Select(d => d[part]).OfType<JsonNode>()];
            if (parts.Length > 1 && SeedStatistics.Deviation(parts) is { } deviation)
                deviations[part] = deviation;
        }

        if (deviations.Count > 0)
            root["deviation"] = deviations;
        return root;
    }

    /// <summary>How often each head answered: a line a seed, student and condition, clean images with severity 0.</summary>
    private static string Heads(IReadOnlyList<SeedResults> seeds)
    {
        var text = new StringBuilder("seed,model,corruption,severity,clean,unclean,combined\n");
        foreach (var (seed, run, _) in seeds)
        {
            foreach (var model in run.Models)
            {
                foreach (var (condition, counts) in model.HeadCounts)
                    text.Append(CultureInfo.InvariantCulture, $"{seed},{model.Name},{condition.Corruption},{condition.Severity},").AppendJoin(',', counts).Append('\n');
            }
        }

        return text.ToString();
    }

    // As a seed's own results.csv, with the seed before each line.
    private static string Csv(IReadOnlyList<SeedResults> seeds)
    {
        var text = new StringBuilder();
        foreach (var (seed, run, _) in seeds)
        {
            string[] lines = ResultsTableCsv.Write(run).TrimEnd('\n').Split('\n');
            if (text.Length == 0)
                text.Append("seed,").Append(lines[0]).Append('\n');
            foreach (string line in lines.Skip(1))
                text.Append(CultureInfo.InvariantCulture, $"{seed},").Append(line).Append('\n');
        }

        return text.ToString();
    }
}
