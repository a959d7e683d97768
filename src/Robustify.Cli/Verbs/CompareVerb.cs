using System.CommandLine;
using System.Text.Json.Nodes;
using Robustify.Cli.Reporting;
using Robustify.Native.Workflows.Comparison;

namespace Robustify.Cli.Verbs;

/// <summary>Trains and measures every scheme of a recipe, once for each seed.</summary>
internal static class CompareVerb
{
    public static Command Create(Invocation invocation) => RecipeCommand.Create(
        invocation, "compare", "Train every scheme of a recipe for every seed and lay them side by side: accuracy, cost, tables, picture. Goes on where it stopped.",
        file => new(ComparisonRecipe.Open(file), null, Print));

    private static void Print(TextWriter output, JsonObject root)
    {
        output.WriteLine("Top-1 accuracy in percent; ± is the deviation over seeds. results.md has every table.");
        TextTable.Write(output, ComparisonTables.HeadlineColumns(root), ComparisonTables.HeadlineRows(root));
    }
}
