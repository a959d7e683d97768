using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Robustify.Native.Workflows.Comparison;

/// <summary>The tables of a comparison from its results.json: percent, with the deviation over seeds behind ± where there are several.</summary>
internal static class ComparisonTables
{
    /// <summary>All tables as markdown.</summary>
    public static string Markdown(JsonObject root)
    {
        var text = new StringBuilder();
        string[] seeds = [.. root["seeds"]!.AsArray().Select(s => s!.ToJsonString())];
        text.Append(CultureInfo.InvariantCulture, $"Top-1 accuracy in percent, mean {(seeds.Length > 1 ? "± sample standard deviation " : "")}over seeds {string.Join(", ", seeds)}.\n");
        Section(text, "Schemes", HeadlineColumns(root), HeadlineRows(root));
        Section(text, "Cost", CostColumns, CostRows(root));
        if (Corruptions(root).Length > 0)
            Section(text, "By corruption (mean over severities)", ["", .. Models(root)], CorruptionRows(root));
        if (Transfers(root).Length > 0)
            Section(text, "Transfer", ["data, method", .. Models(root)], TransferRows(root));
        if (ZeroShots(root).Length > 0)
            Section(text, "Zero-shot", ["data", .. Models(root)], ZeroShots(root).Select(d => (string[])[d, .. Models(root).Select(m => Percent(root, "models", m, "zeroshot", d))]));
        string[] headed = [.. Models(root).Where(m => root["models"]![m]!["heads"] is not null)];
        if (headed.Length > 0)
        {
            Section(text, "Heads chosen: clean / unclean / combined, percent of answers", ["", .. headed], HeadRows(root, headed));
            Section(text, "Selectors: clean / mean corruption", ["", .. headed], SelectorRows(root, headed));
        }

        foreach (var (name, sweep) in root["sweeps"]?.AsObject() ?? [])
            Section(text, $"Interpolation {name}", ["alpha", "clean", "mean corruption"], SweepRows(root, name, sweep!.AsObject()));
        text.Append('\n');
        foreach (var (name, value) in (root["protocol"]?.AsObject() ?? []).Concat(root["not_comparable"]?.AsObject() ?? []))
            text.Append("- ").Append(Escaped(name)).Append(": ").Append(Escaped(value!.GetValue<string>())).Append('\n');
        return text.ToString();
    }

    /// <summary>Columns of <see cref="HeadlineRows"/>.</summary>
    public static string[] HeadlineColumns(JsonObject root) => ["scheme", "clean", "mean corruption", "drop", .. Suites(root), "seconds", "trained parameters"];

    /// <summary>One row a scheme: accuracy and what it cost.</summary>
    public static IEnumerable<string[]> HeadlineRows(JsonObject root) => Models(root).Select(name => (string[])
    [
        name, Percent(root, "models", name, "clean", "top1"), Percent(root, "models", name, "corruption", "mean_top1"),
        Percent(root, "models", name, "corruption", "drop"), .. Suites(root).Select(s => Percent(root, "models", name, "shifts", s, "top1")),
        Number(root, "F1", "costs", name, "seconds"), Number(root, "N0", "costs", name, "trained_parameters"),
    ]);

    private static readonly string[] CostColumns =
        ["scheme", "seconds", "CPU seconds", "with what it stands on", "CPU seconds with it", "images seen", "steps", "TFLOP", "TFLOP with it", "trained parameters", "share %"];

    private static IEnumerable<string[]> CostRows(JsonObject root) => Models(root).Select(name => (string[])
    [
        name, .. ((string[])["seconds", "cpu_seconds", "total_seconds", "total_cpu_seconds"]).Select(c => Number(root, "F1", "costs", name, c)),
        .. ((string[])["images", "steps"]).Select(c => Number(root, "N0", "costs", name, c)),
        Invariant($"{(At(root, "costs", name, "forward_flops") + At(root, "costs", name, "backward_flops")) / 1e12:F2}"),
        Invariant($"{At(root, "costs", name, "total_flops") / 1e12:F2}"), Number(root, "N0", "costs", name, "trained_parameters"), Percent(root, "costs", name, "trained_share"),
    ]);

    private static IEnumerable<string[]> CorruptionRows(JsonObject root) =>
    [
        .. Corruptions(root).Select(c => (string[])[c, .. Models(root).Select(m => PercentOverSeverities(root, m, c))]),
        ["mean", .. Models(root).Select(m => Percent(root, "models", m, "corruption", "mean_top1"))],
    ];

    private static IEnumerable<string[]> TransferRows(JsonObject root) => Transfers(root).Select(t => (string[])
    [
        $"{t.Data}, {t.Method}", .. Models(root).Select(m => Percent(root, "models", m, "transfer", t.Data, t.Method)),
    ]);

    private static IEnumerable<string[]> HeadRows(JsonObject root, string[] headed) =>
    [
        .. Corruptions(root).Select(c => (string[])[c, .. headed.Select(m => Heads(Severities(root, m, "heads", c)))]),
        ["all answers", .. headed.Select(m => Heads([root["models"]![m]!["heads"]!]))],
    ];

    private static IEnumerable<string[]> SelectorRows(JsonObject root, string[] headed) => root["models"]![headed[0]]!["selectors"]!.AsObject().Select(s => (string[])
    [
        s.Key, .. headed.Select(m => $"{Percent(root, "models", m, "selectors", s.Key, "clean_top1")} / {Percent(root, "models", m, "selectors", s.Key, "corruption_mean_top1")}"),
    ]);

    private static IEnumerable<string[]> SweepRows(JsonObject root, string name, JsonObject sweep) => sweep.Select(place => (string[])
    [
        place.Key, Percent(root, "sweeps", name, place.Key, "clean_top1"), Percent(root, "sweeps", name, place.Key, "corruption_mean_top1"),
    ]);

    /// <summary>Names of the models in the recipe's order.</summary>
    public static string[] Models(JsonObject root) => [.. root["models"]!.AsObject().Select(m => m.Key)];

    /// <summary>A number by its path; NaN where it is not there.</summary>
    public static double At(JsonNode? node, params ReadOnlySpan<string> path)
    {
        foreach (string name in path)
            node = (node as JsonObject)?[name];
        return node?.GetValueKind() == JsonValueKind.Number ? node.GetValue<double>() : double.NaN;
    }

    /// <summary>A fraction in percent with its deviation.</summary>
    public static string Percent(JsonObject root, params ReadOnlySpan<string> path)
    {
        double value = 100 * At(root, path), deviation = 100 * At(root["deviation"], path);
        return !double.IsFinite(value) ? "" : Invariant(double.IsFinite(deviation) ? $"{value:F1} ± {deviation:F1}" : (FormattableString)$"{value:F1}");
    }

    private static string Number(JsonObject root, string format, params ReadOnlySpan<string> path) =>
        At(root, path) is var value && double.IsFinite(value) ? value.ToString(format, CultureInfo.InvariantCulture) : "";

    // A deviation of means is not the mean of deviations: the seeds' own documents would be needed, and the headline has it.
    private static string PercentOverSeverities(JsonObject root, string model, string corruption)
    {
        double[] values = [.. (root["models"]![model]!["corruption"]?["per"]?[corruption] as JsonObject ?? []).Select(s => s.Value!.GetValue<double>())];
        return values.Length == 0 ? "" : Invariant($"{100 * values.Average():F1}");
    }

    private static JsonNode[] Severities(JsonObject root, string model, string part, string corruption) =>
        [.. (root["models"]![model]![part]?["per"]?[corruption] as JsonObject ?? []).Select(s => s.Value!)];

    private static string Heads(JsonNode[] shares) => shares.Length == 0
        ? ""
        : string.Join(" / ", ((string[])["clean", "unclean", "combined"]).Select(head => Invariant($"{100 * shares.Average(s => At(s, head)):F1}")));

    private static string[] Corruptions(JsonObject root) =>
        [.. root["models"]!.AsObject().SelectMany(m => (m.Value!["corruption"]?["per"] as JsonObject ?? []).Select(c => c.Key)).Distinct(StringComparer.Ordinal)];

    private static (string Data, string Method)[] Transfers(JsonObject root) =>
    [
        .. root["models"]!.AsObject().SelectMany(m => (m.Value!["transfer"] as JsonObject ?? []).SelectMany(d => d.Value!.AsObject().Select(s => (d.Key, s.Key)))).Distinct(),
    ];

    private static string[] ZeroShots(JsonObject root) =>
        [.. root["models"]!.AsObject().SelectMany(m => (m.Value!["zeroshot"] as JsonObject ?? []).Select(d => d.Key)).Distinct(StringComparer.Ordinal)];

    private static string[] Suites(JsonObject root) =>
        [.. root["models"]!.AsObject().SelectMany(m => (m.Value!["shifts"] as JsonObject ?? []).Select(s => s.Key)).Distinct(StringComparer.Ordinal)];

    private static void Section(StringBuilder text, string title, IReadOnlyList<string> columns, IEnumerable<string[]> rows)
    {
        text.Append("\n## ").Append(title).Append("\n\n| ").AppendJoin(" | ", columns.Select(Escaped)).Append(" |\n| --- |");
        text.Insert(text.Length, " ---: |", columns.Count - 1).Append('\n');
        foreach (string[] row in rows)
            text.Append("| ").AppendJoin(" | ", row.Select(Escaped)).Append(" |\n");
    }

    private static string Escaped(string text) => text.Replace("|", "\\|", StringComparison.Ordinal).ReplaceLineEndings(" ");

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
