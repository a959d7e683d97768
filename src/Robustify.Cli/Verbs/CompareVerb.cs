using System.CommandLine;
using System.Text.Json.Nodes;
using Robustify.Cli.Options;
using Robustify.Cli.Reporting;
using Robustify.Native.Workflows.Comparison;

namespace Robustify.Cli.Verbs;

/// <summary>Trains and measures every scheme of a recipe, once for each seed.</summary>
internal static class CompareVerb
{
    public static Command Create(Invocation invocation)
    {
        var run = new RunSettings("compare", seed: 0);
        var recipe = new Argument<string>("RECIPE") { Description = "JSON file: models, data, schemes, seeds, what is measured (docs/compare.md)" };
        var plan = new FlagOption("--plan", "tell what would be trained and measured, and what is finished, and do nothing");
        var command = new Command("compare", "Train every scheme of a recipe for every seed and lay them side by side: accuracy, cost, tables, picture. Goes on where it stopped.")
        {
            recipe,
        };
        run.AddCommon(command, writes: true, hasSeed: false);
        run.Add(command, plan);
        command.SetAction(parse =>
        {
            var read = ComparisonRecipe.Open(parse.GetRequiredValue(recipe));
            if (plan.Of(parse))
                return Tell(invocation, run.Json.Of(parse), ComparisonPlan.Of(read, run.Out.Of(parse)));
            using var session = new Session(invocation, parse, run);
            ComparisonWorkflow.Run(read, run.Out.Of(parse), session.Context, json =>
            {
                session.Describe(json);
                json.WriteString("recipe", Path.GetFullPath(parse.GetRequiredValue(recipe)));
            });
            return session.Finish(output => Write(output, Path.Combine(run.Out.Of(parse), "results.json")));
        });
        return command;
    }

    private static void Write(TextWriter output, string results)
    {
        var root = JsonNode.Parse(File.ReadAllBytes(results))!.AsObject();
        output.WriteLine("Top-1 accuracy in percent; ± is the deviation over seeds. results.md has every table.");
        TextTable.Write(output, ComparisonTables.HeadlineColumns(root), ComparisonTables.HeadlineRows(root));
    }

    private static int Tell(Invocation invocation, bool isJson, IReadOnlyList<PlannedScheme> plan)
    {
        if (isJson)
        {
            JsonOutput.Write(invocation.Out, json =>
            {
                json.WriteStartArray("plan");
                foreach (var planned in plan)
                {
                    json.WriteStartObject();
                    json.WriteNumber("seed", planned.Seed);
                    json.WriteString("name", planned.Name);
                    json.WriteString("scheme", planned.Kind);
                    json.WriteString("state", planned.State);
                    json.WriteNumber("images", planned.Images);
                    json.WriteNumber("models", planned.Models);
                    json.WriteNumber("answers", planned.Answers);
                    json.WriteEndObject();
                }

                json.WriteEndArray();
            });
        }
        else
        {
            TextTable.Write(invocation.Out, ComparisonPlan.Columns, plan.Select(p => p.Row));
        }

        return ExitCode.Done;
    }
}
