using System.Globalization;
using System.Text.Json;

namespace Robustify.Cli.Reporting;

/// <summary>The tables that a results.json tells: accuracy by corruption and model, and what each phase cost.</summary>
internal static class ResultsTable
{
    /// <summary>Prints a results file.</summary>
    public static void Write(TextWriter output, string path)
    {
        using var document = JsonDocument.Parse(File.ReadAllBytes(path));
        var models = document.RootElement.GetProperty("models").EnumerateObject().ToArray();
        TextTable.Write(output, ["top-1 %", .. models.Select(m => m.Name)], Accuracies(models));
        var ledger = document.RootElement.GetProperty("ledger").EnumerateObject().ToArray();
        if (ledger.Length > 0)
            TextTable.Write(output, ["cost", "seconds", "images", "trained parameters"], ledger.Select(Cost));
    }

    private static IEnumerable<string[]> Accuracies(JsonProperty[] models)
    {
        if (models.Any(m => Find(m, "clean", "top1") is not null))
            yield return ["clean", .. models.Select(m => Percent(Find(m, "clean", "top1")))];
        if (models[0].Value.TryGetProperty("corruption", out var first))
        {
            foreach (string name in first.GetProperty("per").EnumerateObject().Select(c => c.Name))
            {
                yield return
                [
                    name,
                    .. models.Select(m => Percent(Find(m, "corruption", "per", name)?.EnumerateObject().Select(s => s.Value.GetDouble()).DefaultIfEmpty(double.NaN).Average())),
                ];
            }

            yield return ["mean corruption", .. models.Select(m => Percent(Find(m, "corruption", "mean_top1")))];
            if (Find(models[0], "corruption", "mce") is not null)
                yield return ["mCE", .. models.Select(m => Number(Find(m, "corruption", "mce")?.GetDouble() ?? double.NaN, "F2"))];
        }

        foreach (string suite in Find(models[0], "shifts")?.EnumerateObject().Select(s => s.Name) ?? [])
            yield return [suite, .. models.Select(m => Percent(Find(m, "shifts", suite, "top1")))];
    }

    private static JsonElement? Find(JsonProperty model, params ReadOnlySpan<string> path)
    {
        var element = model.Value;
        foreach (string name in path)
        {
            if (!element.TryGetProperty(name, out element))
                return null;
        }

        return element;
    }

    private static string[] Cost(JsonProperty phase) =>
    [
        phase.Name, Number(phase.Value.GetProperty("seconds").GetDouble(), "F1"), Number(phase.Value.GetProperty("images").GetDouble(), "N0"),
        Number(phase.Value.GetProperty("trained_parameters").GetDouble(), "N0"),
    ];

    private static string Percent(JsonElement? fraction) => Percent(fraction?.GetDouble());

    private static string Percent(double? fraction) => fraction is { } there && double.IsFinite(there) ? Percent(there) : "";

    private static string Percent(double fraction) => Number(100 * fraction, "F2");

    private static string Number(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);
}
