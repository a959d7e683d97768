using System.CommandLine;
using Robustify.Cli.Reporting;
using Robustify.Native.Workflows.Comparison;

namespace Robustify.Cli.Verbs;

/// <summary>Varies one scheme of a recipe, one option at a time.</summary>
internal static class AblateVerb
{
    public static Command Create(Invocation invocation) => RecipeCommand.Create(
        invocation, "ablate", "Vary one scheme of a recipe, one option at a time: a table and a picture for each. Goes on where it stopped.",
        file =>
        {
            var ablation = Ablation.Open(file);
            return new(ablation.Recipe, (directory, root) => AblationFiles.Write(directory, ablation, root), (output, root) =>
            {
                output.WriteLine($"{ablation.Base}: top-1 accuracy in percent; ** marks the recipe's own value. ablation.md has every table.");
                foreach (var factor in ablation.Factors)
                {
                    var table = AblationTable.Of(factor, ablation.Base, root);
                    TextTable.Write(output, [factor.Name, "clean", "mean corruption", "seconds", "trained parameters"], table.Rows.Select(r => r.Cells));
                }
            });
        });
}
