using System.CommandLine;
using System.Text.Json.Nodes;
using Robustify.Cli.Options;
using Robustify.Cli.Reporting;
using Robustify.Native.Runs;
using Robustify.Native.Workflows.Comparison;

namespace Robustify.Cli.Verbs;

/// <summary>What compare and ablate share: a recipe, a plan of it, a run of it.</summary>
internal static class RecipeCommand
{
    /// <summary>Makes the command.</summary>
    /// <param name="invocation">What the verb talks to.</param>
    /// <param name="name">The verb.</param>
    /// <param name="description">Its help.</param>
    /// <param name="open">Reads a recipe; what is to be written after each seed beside the comparison, and the tables to print at the end.</param>
    public static Command Create(Invocation invocation, string name, string description, Func<string, RecipeRun> open)
    {
        var run = new RunSettings(name, seed: 0);
        var recipe = new Argument<string>("RECIPE") { Description = "JSON file: models, data, schemes, seeds, what is measured (docs/compare.md)" };
        var plan = new FlagOption("--plan", "tell what would be trained and measured, and what is finished, and do nothing");
        var command = new Command(name, description) { recipe };
        run.AddCommon(command, writes: true, hasSeed: false);
        run.Add(command, plan);
        command.SetAction(parse =>
        {
            string file = parse.GetRequiredValue(recipe), output = run.Out.Of(parse);
            var read = open(file);
            if (plan.Of(parse))
                return Tell(invocation, run.Json.Of(parse), ComparisonPlan.Of(read.Recipe, output));
            using var session = new Session(invocation, parse, run);
            void Describe(System.Text.Json.Utf8JsonWriter json)
            {
                session.Describe(json);
                json.WriteString("recipe", Path.GetFullPath(file));
            }

            ComparisonWorkflow.Run(read.Recipe, output, session.Context, Describe, read.Summarized);
            return session.Finish(writer => read.Print(writer, JsonNode.Parse(File.ReadAllBytes(Path.Combine(output, "results.json")))!.AsObject()));
        });
        return command;
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

/// <summary>A recipe as a verb reads it.</summary>
/// <param name="Recipe">What is trained and measured.</param>
/// <param name="Summarized">Writes files beside the comparison's after each seed; null for none.</param>
/// <param name="Print">Prints the end's tables from results.json.</param>
internal sealed record RecipeRun(ComparisonRecipe Recipe, Action<RunDirectory, JsonObject>? Summarized, Action<TextWriter, JsonObject> Print);
