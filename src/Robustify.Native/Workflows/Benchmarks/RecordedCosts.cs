using System.Text.Json;
using Robustify.Native.Evaluation;
using Robustify.Native.Training;

namespace Robustify.Native.Workflows.Benchmarks;

/// <summary>What models cost to make, from the results of the runs that made them.</summary>
internal static class RecordedCosts
{
    /// <summary>The costs of those models that are run directories with one phase in their ledger.</summary>
    public static Ledger Of(IReadOnlyList<(string Name, string Path)> models)
    {
        var ledger = new Ledger();
        foreach (var (name, path) in models)
        {
            if (Read(Path.Combine(path, "results.json")) is { } cost)
                ledger[name] = cost;
        }

        return ledger;
    }

    // A file of another program or an older version is no reason to fail: the cost is then unknown.
    private static TrainingCost? Read(string file)
    {
        if (!File.Exists(file))
            return null;
        try
        {
            using var document = JsonDocument.Parse(File.ReadAllBytes(file));
            var phases = document.RootElement.GetProperty("ledger").EnumerateObject().ToArray();
            if (phases is not [var phase])
                return null;
            return new TrainingCost(
                phase.Value.GetProperty("seconds").GetDouble(), phase.Value.GetProperty("images").GetInt64(),
                phase.Value.GetProperty("steps").GetInt64(), phase.Value.GetProperty("trained_parameters").GetInt64());
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or KeyNotFoundException or FormatException or IOException)
        {
            return null;
        }
    }
}
