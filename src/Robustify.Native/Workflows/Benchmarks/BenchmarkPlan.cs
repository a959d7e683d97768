using System.Globalization;
using Robustify.Kernels;
using Robustify.Native.Corruptions;
using Robustify.Native.Data.Images;
using Robustify.Native.Data.Sources;
using Robustify.Native.Evaluation;
using Robustify.Native.Evaluation.Answers;
using Robustify.Native.Evaluation.Metrics;
using Robustify.Native.Evaluation.Suites;

namespace Robustify.Native.Workflows.Benchmarks;

/// <summary>What a benchmark will measure, before anything is measured.</summary>
internal sealed class BenchmarkPlan
{
    private readonly List<(string Name, BenchmarkPass Pass, int Of, IReadOnlyList<string> PassedOver)> suites = [];

    /// <summary>The walks over the data.</summary>
    public List<BenchmarkPass> Passes { get; } = [];

    /// <summary>One line each: classes or severities that are missing.</summary>
    public List<string> Warnings { get; } = [];

    /// <summary>How it is measured, for results.</summary>
    public List<(string Name, string Value)> Protocol { get; } = [];

    /// <summary>Corruptions whose figures do not compare with published ones, with the reason.</summary>
    public List<(string Corruption, string Reason)> Caveats { get; } = [];

    /// <summary>Whether labels are ImageNet's 1000 classes.</summary>
    public bool IsImageNet { get; set; }

    /// <summary>Whether every condition is measured that a mean corruption error is a mean of.</summary>
    public bool HasAllConditions
    {
        get
        {
            var measured = Passes.SelectMany(p => p.Rows).Where(r => r.Suite == SuiteNames.Corruption).Select(r => r.Condition).ToHashSet();
            return PublishedGroups.Main.All(c => Enumerable.Range(1, Corruption.MaxSeverity).All(s => measured.Contains(new(c, s))));
        }
    }

    /// <summary>Names a suite for results; its first pass stands for all of a stored -C set.</summary>
    public void Describe(string suite, BenchmarkPass pass, int of, IReadOnlyList<string> passedOver) => suites.Add((suite, pass, of, passedOver));

    /// <summary>The suites as they were found, the unreadable files among them.</summary>
    public List<SuiteDescription> Descriptions(IReadOnlyList<MeasuredPass> measured)
    {
        var unreadable = Unreadable(measured);
        return [.. suites.Select(s =>
        {
            var refused = unreadable.Where(u => u.Suite == s.Name).ToArray();
            var row = s.Pass.Rows.First(r => r.Suite == s.Name);
            return new SuiteDescription(
                s.Name, s.Pass.Source.Description, s.Pass.Geometry.Description, row.Space.Description, row.Images, s.Of,
                [.. refused.Take(SuiteDescription.MostListed).Select(u => u.Reason)], refused.Length, s.PassedOver);
        })];
    }

    // An image is refused once a pass, whatever the number of conditions and models. Why is found by reading it again.
    private static List<(string Suite, string Reason)> Unreadable(IReadOnlyList<MeasuredPass> measured)
    {
        var found = new List<(string, string)>();
        var image = new Image8(1, 1, 1);
        foreach (var (pass, tables) in measured)
        {
            var seen = new HashSet<string>(StringComparer.Ordinal);
            for (int row = 0; row < pass.Rows.Count; row++)
            {
                if (!seen.Add(pass.Rows[row].Suite))
                    continue;
                foreach (int column in UnreadableColumns.Of(tables[0], row, pass.Rows[row].Images))
                    found.Add((pass.Rows[row].Suite, found.Count < SuiteDescription.MostListed ? Reason(pass.Source, pass.Indices[column], image) : ""));
            }
        }

        return found;
    }

    private static string Reason(IImageSource source, int index, Image8 image)
    {
        try
        {
            source.Read(index, image);
            return string.Create(CultureInfo.InvariantCulture, $"image {index} of {source.Description}: too small for its preprocessing");
        }
        catch (RobustifyException refused)
        {
            return refused.Message;
        }
    }
}
