using System.Globalization;

namespace Robustify.Native.Workflows;

/// <summary>How well one model does on one data set by one method.</summary>
/// <param name="Data">Name of the data set.</param>
/// <param name="Method"><c>linear</c>, <c>knn@K</c>, <c>knn-plain@K</c> or <c>finetune</c>.</param>
/// <param name="Model">Name of the model; with <c>, original tail</c> behind it for the second kind of features of a split student.</param>
/// <param name="Features"><c>features</c>, <c>tuned tail</c> or <c>original tail</c>.</param>
/// <param name="Top1">Fraction of test images answered rightly.</param>
/// <param name="Low">Lower end of its exact 95 % interval.</param>
/// <param name="High">Upper end.</param>
/// <param name="Images">Test images.</param>
/// <param name="Setting">What was chosen on the way, such as the penalty; empty where nothing was.</param>
public sealed record TransferScore(
    string Data, string Method, string Model, string Features, double Top1, double Low, double High, int Images, string Setting);

/// <summary>Two models on the same test images.</summary>
/// <param name="Data">Name of the data set.</param>
/// <param name="Method">As in <see cref="TransferScore"/>.</param>
/// <param name="First">The first model.</param>
/// <param name="Second">Another.</param>
/// <param name="Difference">Top-1 accuracy of the second less that of the first.</param>
/// <param name="Low">Lower end of the 95 % interval of a paired bootstrap over images.</param>
/// <param name="High">Upper end.</param>
public sealed record TransferDifference(string Data, string Method, string First, string Second, double Difference, double Low, double High);

/// <summary>All that a run of transfer found.</summary>
/// <param name="Scores">By data set, method and model, in the order given.</param>
/// <param name="Differences">Of each other model to the first, in the same order.</param>
public sealed record TransferResults(IReadOnlyList<TransferScore> Scores, IReadOnlyList<TransferDifference> Differences)
{
    /// <summary>The table that people read: a row a data set and method, models side by side in percent, and each less the first with its interval.</summary>
    public (IReadOnlyList<string> Columns, IReadOnlyList<string[]> Rows) Table()
    {
        string[] models = [.. Scores.Select(s => s.Model).Distinct()], others = models[1..];
        var rows = new List<string[]>();
        foreach (var group in Scores.GroupBy(s => (s.Data, s.Method)))
        {
            string Cell(string model, Func<TransferScore, string> text) => group.FirstOrDefault(s => s.Model == model) is { } score ? text(score) : "";
            rows.Add(
            [
                group.Key.Data, group.Key.Method, .. models.Select(m => Cell(m, s => Percent(s.Top1))),
                .. others.Select(m => Cell(m, s => Compared(s) is { } d ? $"{Signed(d.Difference)} [{Signed(d.Low)}, {Signed(d.High)}]" : "")),
            ]);
        }

        return (["data", "method, top-1 %", .. models, .. others.Select(m => $"{m} - {models[0]}")], rows);
    }

    /// <summary>The score's model against the first; null for the first itself.</summary>
    public TransferDifference? Compared(TransferScore score) =>
        Differences.FirstOrDefault(d => d.Data == score.Data && d.Method == score.Method && d.Second == score.Model);

    private static string Percent(double fraction) => (100 * fraction).ToString("F2", CultureInfo.InvariantCulture);

    private static string Signed(double fraction) => (100 * fraction).ToString("+0.00;-0.00;0.00", CultureInfo.InvariantCulture);
}
