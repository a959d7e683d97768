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
        yield return ["clean", .. models.Select(m => Percent(m.Value.GetProperty("clean").GetProperty("top1").GetDouble()))];
        if (!models[0].Value.TryGetProperty("corruption", out var first))
            yield break;
        foreach (string name in first.GetProperty("per").EnumerateObject().Select(c => c.Name))
        {
            yield return
            [
                name,
                .. models.Select(m => Percent(m.Value.GetProperty("corruption").GetProperty("per").GetProperty(name)
                    .EnumerateObject().Average(severity => severity.Value.GetDouble()))),
            ];
        }

        yield return ["mean corruption", .. models.Select(m => Percent(m.Value.GetProperty("corruption").GetProperty("mean_top1").GetDouble()))];
    }

    private static string[] Cost(JsonProperty phase) =>
    [
        phase.Name, Number(phase.Value.GetProperty("seconds").GetDouble(), "F1"), Number(phase.Value.GetProperty("images").GetDouble(), "N0"),
        Number(phase.Value.GetProperty("trained_parameters").GetDouble(), "N0"),
    ];

    private static string Percent(double fraction) => Number(100 * fraction, "F2");

    private static string Number(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);
}
