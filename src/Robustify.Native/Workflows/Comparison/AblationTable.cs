using System.Globalization;
using System.Text.Json.Nodes;

namespace Robustify.Native.Workflows.Comparison;

/// <summary>One factor of an ablation with what each of its values gave.</summary>
/// <param name="Factor">The option.</param>
/// <param name="Rows">In the order of the recipe.</param>
internal sealed record AblationTable(string Factor, IReadOnlyList<AblationRow> Rows)
{
    /// <summary>Reads a factor's rows from a comparison's results.json.</summary>
    public static AblationTable Of(AblationFactor factor, string varied, JsonObject root)
    {
        if (factor.Name != Ablation.Selector)
        {
            return new(factor.Name, [.. factor.Levels.Select(level => Row(
                root, level.Value, level.Scheme == varied, level.Scheme, ["models", level.Scheme, "clean", "top1"], ["models", level.Scheme, "corruption", "mean_top1"]))]);
        }

        var selectors = root["models"]![varied]?["selectors"] as JsonObject ?? [];
        return new(factor.Name, [.. selectors.Select(s => Row(
            root, s.Key, s.Key == "calibrated", varied, ["models", varied, "selectors", s.Key, "clean_top1"], ["models", varied, "selectors", s.Key, "corruption_mean_top1"]))]);
    }

    private static AblationRow Row(JsonObject root, string value, bool isDefault, string scheme, string[] clean, string[] corrupted)
    {
        double At(string[] path) => ComparisonTables.At(root, path);
        double Deviation(string[] path) => ComparisonTables.At(root["deviation"], path);
        return new(
            value, isDefault, At(clean), Deviation(clean), At(corrupted), Deviation(corrupted), At(["costs", scheme, "seconds"]), At(["costs", scheme, "trained_parameters"]));
    }
}

/// <summary>One value of a factor; NaN where there is no figure.</summary>
/// <param name="Value">The value.</param>
/// <param name="IsDefault">Whether the recipe's scheme has it.</param>
/// <param name="Clean">Clean top-1.</param>
/// <param name="CleanDeviation">Its deviation over seeds.</param>
/// <param name="Corrupted">Mean top-1 over corruptions and severities.</param>
/// <param name="CorruptedDeviation">Its deviation over seeds.</param>
/// <param name="Seconds">Of training.</param>
/// <param name="TrainedParameters">Numbers that were trained.</param>
internal sealed record AblationRow(
    string Value, bool IsDefault, double Clean, double CleanDeviation, double Corrupted, double CorruptedDeviation, double Seconds, double TrainedParameters)
{
    /// <summary>As cells of a table.</summary>
    public string[] Cells =>
    [
        IsDefault ? $"**{Value}**" : Value, Percent(Clean, CleanDeviation), Percent(Corrupted, CorruptedDeviation), Number(Seconds, "F1"), Number(TrainedParameters, "N0"),
    ];

    private static string Percent(double value, double deviation) => Number(100 * value, "F1") + (double.IsFinite(deviation) ? " ± " + Number(100 * deviation, "F1") : "");

    private static string Number(double value, string format) => double.IsFinite(value) ? value.ToString(format, CultureInfo.InvariantCulture) : "";
}
