using Robustify.Native.Evaluation.Metrics;
using Robustify.Native.Evaluation.Suites;

namespace Robustify.Native.Evaluation;

/// <summary>Compares the first model with each other one, image by image.</summary>
internal static class ComparisonReader
{
    /// <summary>On clean images, on corrupted ones (an image's value is its mean over conditions) and on every other suite.</summary>
    public static List<ModelComparison> Read(IReadOnlyList<string> names, IReadOnlyList<MeasuredPass> passes, ulong seed)
    {
        var comparisons = new List<ModelComparison>();
        if (names.Count < 2)
            return comparisons;
        var suites = passes.SelectMany(p => p.Pass.Rows).Select(r => r.Suite).Where(s => !SuiteNames.IsCleanOn(s)).Distinct();
        foreach (string suite in suites)
        {
            var first = ResultReader.Rows(passes, 0, suite, out int images);
            if (images == 0)
                continue;
            float[] reference = ImageScores.Of(first, images);
            for (int m = 1; m < names.Count; m++)
            {
                float[] own = ImageScores.Of(ResultReader.Rows(passes, m, suite, out _), images);
                string measure = suite == SuiteNames.Corruption ? "corruption_mean_top1" : suite + "_top1";
                comparisons.Add(new(names[0], names[m], measure, PairedBootstrap.Of(reference, own, seed)));
            }
        }

        return comparisons;
    }
}
