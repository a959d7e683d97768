using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Robustify.Native.Runs;

namespace Robustify.Native.Workflows.Comparison;

/// <summary>What an ablation says: <c>ablation.json</c>, <c>ablation.csv</c>, <c>ablation.md</c>, and a picture a factor.</summary>
internal static class AblationFiles
{
    /// <summary>Writes all of it from a comparison's results.json.</summary>
    public static void Write(RunDirectory directory, Ablation ablation, JsonObject root)
    {
        AblationTable[] tables = [.. ablation.Factors.Select(f => AblationTable.Of(f, ablation.Base, root)).Where(t => t.Rows.Count > 0)];
        directory.WriteJson("ablation.json", json => Document(ablation, tables).WriteTo(json));
        directory.WriteText("ablation.csv", Csv(tables));
        directory.WriteText("ablation.md", Markdown(ablation, tables, root));
        foreach (var table in tables)
            directory.WriteText($"ablation-{table.Factor}.svg", AblationPicture.Draw(table));
    }

    private static JsonObject Document(Ablation ablation, AblationTable[] tables)
    {
        var factors = new JsonObject();
        foreach (var table in tables)
        {
            var levels = new JsonObject();
            foreach (var row in table.Rows)
            {
                var level = new JsonObject { ["default"] = row.IsDefault, ["clean_top1"] = row.Clean, ["corruption_mean_top1"] = row.Corrupted };
                foreach (var (name, value) in ((string, double)[])[("clean_top1_deviation", row.CleanDeviation), ("corruption_mean_top1_deviation", row.CorruptedDeviation), ("seconds", row.Seconds), ("trained_parameters", row.TrainedParameters)])
                {
                    if (double.IsFinite(value))
                        level[name] = value;
                }

                levels[row.Value] = level;
            }

            factors[table.Factor] = levels;
        }

        return new JsonObject { ["scheme"] = ablation.Base, ["factors"] = factors };
    }

    private static string Csv(AblationTable[] tables)
    {
        var text = new StringBuilder("factor,value,default,clean_top1,clean_top1_deviation,corruption_mean_top1,corruption_mean_top1_deviation\n");
        foreach (var table in tables)
        {
            foreach (var row in table.Rows)
            {
                text.Append(table.Factor).Append(',').Append(row.Value).Append(',').Append(row.IsDefault ? "yes" : "no");
                foreach (double figure in (ReadOnlySpan<double>)[row.Clean, row.CleanDeviation, row.Corrupted, row.CorruptedDeviation])
                    text.Append(',').Append(double.IsFinite(figure) ? figure.ToString("0.######", CultureInfo.InvariantCulture) : "");
                text.Append('\n');
            }
        }

        return text.ToString();
    }

    private static string Markdown(Ablation ablation, AblationTable[] tables, JsonObject root)
    {
        var text = new StringBuilder();
        string seeds = string.Join(", ", root["seeds"]!.AsArray().Select(s => s!.ToJsonString()));
        text.Append(CultureInfo.InvariantCulture, $"`{ablation.Base}`, one option at a time; top-1 accuracy in percent, over seeds {seeds}. The default is marked.\n");
        foreach (var table in tables)
        {
            text.Append(CultureInfo.InvariantCulture, $"\n## {table.Factor}\n\n| value | clean | mean corruption | seconds | trained parameters |\n| --- | ---: | ---: | ---: | ---: |\n");
            foreach (var row in table.Rows)
                text.Append("| ").AppendJoin(" | ", row.Cells).Append(" |\n");
            text.Append(CultureInfo.InvariantCulture, $"\n![{table.Factor}](ablation-{table.Factor}.svg)\n");
        }

        return text.ToString();
    }
}
