using Robustify.Native.Evaluation.Metrics;
using Robustify.Native.Evaluation.Transfer;

namespace Robustify.Native.Workflows.Transfer;

/// <summary>Collects which test images each model answered rightly, and compares.</summary>
internal sealed class TransferRecord(TransferOptions options)
{
    private readonly List<Entry> entries = [];

    /// <summary>The models in words, in the order given.</summary>
    public List<(string Name, string Path, string Architecture, string Features, int Width, string Preprocessing, string Identity)> Models { get; } = [];

    /// <summary>One line each: searches that did not end.</summary>
    public List<string> Warnings { get; } = [];

    /// <summary>The grids that penalties were chosen from.</summary>
    public List<(string Data, string Model, IReadOnlyList<(double Penalty, double Top1)> Sweep)> Sweeps { get; } = [];

    /// <summary>Names a model for results.</summary>
    public void Describe(string name, string path, FeatureExtractor model) => Models.Add((
        name, path, model.Source.Model.Description, string.Join(" + ", model.Kinds), model.Width,
        model.Preprocessing, model.Identity));

    /// <summary>Adds one model's answers to a data set's test images: 1 for a right one, 0 for a wrong one.</summary>
    public void Add(string data, string method, string model, string features, float[] correct, string setting) =>
        entries.Add(new(data, method, model, features, correct, setting));

    /// <summary>Scores and differences, by data set and method.</summary>
    public TransferResults Results()
    {
        var scores = new List<TransferScore>();
        var differences = new List<TransferDifference>();
        foreach (var group in options.Data.SelectMany(d => entries.Where(e => e.Data == d.Name).GroupBy(e => e.Method)))
        {
            var first = group.First();
            foreach (var entry in group)
            {
                long right = entry.Correct.Count(c => c == 1);
                var (low, high) = BinomialInterval.Of(right, entry.Correct.Length);
                scores.Add(new(
                    entry.Data, entry.Method, entry.Model, entry.Features, (double)right / entry.Correct.Length, low, high, entry.Correct.Length, entry.Setting));
                if (entry == first)
                    continue;
                var compared = PairedBootstrap.Of(first.Correct, entry.Correct, options.Seed);
                differences.Add(new(entry.Data, entry.Method, first.Model, entry.Model, compared.Difference, compared.Low, compared.High));
            }
        }

        return new(scores, differences);
    }

    private sealed record Entry(string Data, string Method, string Model, string Features, float[] Correct, string Setting);
}
