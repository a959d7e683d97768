using Robustify.Native.Evaluation;
using Robustify.Native.Runs;

namespace Robustify.Native.Workflows.Benchmarks;

/// <summary>Writes what a run found, in the forms that people and programs read.</summary>
internal static class RunFiles
{
    /// <summary>results.json, results.csv and results.md.</summary>
    public static void Write(RunDirectory directory, RunResults results)
    {
        directory.WriteJson("results.json", json => ResultsFile.Write(json, results));
        directory.WriteText("results.csv", ResultsTableCsv.Write(results));
        directory.WriteText("results.md", ResultsTableMarkdown.Write(results));
    }
}
