using System.Globalization;
using System.Text;
using System.Text.Json;
using Robustify.Native.Evaluation;

namespace Robustify.Native.Workflows.Transfer;

/// <summary>Writes what transfer found, in the forms that people and programs read.</summary>
internal static class TransferFiles
{
    /// <summary>results.json: accuracies are fractions in 0..1; everything is a function of models, data and seed.</summary>
    public static void WriteJson(Utf8JsonWriter json, TransferOptions options, IReadOnlyList<TransferTask> tasks, TransferRecord record, TransferResults results)
    {
        json.WriteStartObject();
        json.WriteStartObject("models");
        foreach (var (name, path, architecture, features, width, preprocessing, identity) in record.Models)
        {
            json.WriteStartObject(name);
            json.WriteString("path", path);
            json.WriteString("architecture", architecture);
            json.WriteString("features", features);
            json.WriteNumber("width", width);
            json.WriteString("preprocessing", preprocessing);
            json.WriteString("identity", identity);
            json.WriteEndObject();
        }

        json.WriteEndObject();
        json.WriteStartObject("data");
        foreach (var task in tasks)
        {
            json.WriteStartObject(task.Name);
            json.WriteString("train_source", task.Data.TrainSource.Description);
            json.WriteString("test_source", task.Data.TestSource.Description);
            json.WriteNumber("classes", task.Classes);
            json.WriteNumber("train", task.TrainLabels.Length);
            json.WriteNumber("held_out", task.HeldOut.Length);
            json.WriteNumber("test", task.TestLabels.Length);
            json.WriteString("train_identity", task.TrainIdentity);
            json.WriteString("test_identity", task.TestIdentity);
            json.WriteEndObject();
        }

        json.WriteEndObject();
        WriteScores(json, results);
        WriteSweeps(json, record);
        json.WriteStartObject("protocol");
        foreach (var (name, value) in Protocol(options))
            json.WriteString(name, value);
        json.WriteEndObject();
        json.WriteStartArray("warnings");
        record.Warnings.ForEach(json.WriteStringValue);
        json.WriteEndArray();
        json.WriteEndObject();
    }

    /// <summary>results.csv: a line a data set, method and model; the last columns compare with the first model and are empty for it.</summary>
    public static string Csv(TransferResults results)
    {
        var text = new StringBuilder("data,method,model,features,images,top1,top1_low,top1_high,setting,difference,difference_low,difference_high\n");
        foreach (var s in results.Scores)
        {
            text.AppendJoin(',', new[] { s.Data, s.Method, s.Model, s.Features }.Select(Quoted));
            text.Append(CultureInfo.InvariantCulture, $",{s.Images},{s.Top1:0.######},{s.Low:0.######},{s.High:0.######},{Quoted(s.Setting)}");
            text.Append(results.Compared(s) is { } d
                ? string.Create(CultureInfo.InvariantCulture, $",{d.Difference:0.######},{d.Low:0.######},{d.High:0.######}\n")
                : ",,,\n");
        }

        return text.ToString();
    }

    /// <summary>results.md: percent, models side by side, and each less the first with its interval.</summary>
    public static string Markdown(TransferResults results, TransferRecord record)
    {
        var (columns, rows) = results.Table();
        var text = new StringBuilder("| ").AppendJoin(" | ", columns.Select(Escaped)).Append(" |\n| --- | --- |");
        text.Insert(text.Length, " ---: |", columns.Count - 2).Append('\n');
        foreach (string[] row in rows)
            text.Append("| ").AppendJoin(" | ", row.Select(Escaped)).Append(" |\n");
        foreach (var (name, _, architecture, features, width, _, _) in record.Models)
            text.Append(CultureInfo.InvariantCulture, $"\n- {Escaped(name)}: {architecture}; {features}, {width} numbers an image each");
        return text.Append('\n').ToString();
    }

    private static void WriteScores(Utf8JsonWriter json, TransferResults results)
    {
        json.WriteStartArray("transfer");
        foreach (var s in results.Scores)
        {
            json.WriteStartObject();
            json.WriteString("data", s.Data);
            json.WriteString("method", s.Method);
            json.WriteString("model", s.Model);
            json.WriteString("features", s.Features);
            json.WriteNumber("top1", s.Top1);
            json.WriteNumber("top1_low", s.Low);
            json.WriteNumber("top1_high", s.High);
            json.WriteNumber("images", s.Images);
            json.WriteString("setting", s.Setting);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteStartArray("comparisons");
        foreach (var d in results.Differences)
        {
            json.WriteStartObject();
            json.WriteString("data", d.Data);
            json.WriteString("method", d.Method);
            json.WriteString("first", d.First);
            json.WriteString("second", d.Second);
            MetricsJson.WriteFinite(json, "difference", d.Difference);
            MetricsJson.WriteFinite(json, "low", d.Low);
            MetricsJson.WriteFinite(json, "high", d.High);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void WriteSweeps(Utf8JsonWriter json, TransferRecord record)
    {
        json.WriteStartArray("sweeps");
        foreach (var (data, model, sweep) in record.Sweeps.Where(s => s.Sweep.Count > 0))
        {
            json.WriteStartObject();
            json.WriteString("data", data);
            json.WriteString("model", model);
            json.WriteStartArray("penalties");
            foreach (var (penalty, top1) in sweep)
            {
                json.WriteStartArray();
                json.WriteNumberValue(penalty);
                json.WriteNumberValue(Math.Round(top1, 6));
                json.WriteEndArray();
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static IEnumerable<(string Name, string Value)> Protocol(TransferOptions options)
    {
        if (options.Methods.Contains(TransferMethod.Linear))
        {
            yield return ("linear", string.Create(
                CultureInfo.InvariantCulture,
                $"logistic regression by {options.Solver.ToString().ToLowerInvariant()} on features scaled to an average variance of 1; penalty chosen on {options.HeldOut:0.###} of each class of the training images, then fitted on all"));
        }

        if (options.Methods.Contains(TransferMethod.Knn))
        {
            yield return ("knn", string.Create(
                CultureInfo.InvariantCulture, $"cosine similarity; weights exp(similarity / {options.Temperature:0.######}), or a vote each (plain)"));
        }

        if (options.Methods.Contains(TransferMethod.Finetune))
            yield return ("finetune", "every parameter, with a fresh classifier, on clean images");
        yield return ("intervals", "95 %: Clopper-Pearson for an accuracy, a paired bootstrap of 1000 resamples for a difference");
    }

    // Names come from the user: a comma or quote in one must not move the columns (RFC 4180).
    private static string Quoted(string name) =>
        name.AsSpan().IndexOfAny(",\"\n\r") < 0 ? name : $"\"{name.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";

    private static string Escaped(string text) => text.Replace("|", "\\|", StringComparison.Ordinal).ReplaceLineEndings(" ");
}
