using System.Globalization;
using Robustify.Native.Evaluation.Suites;
using Robustify.Native.Workflows.Comparison.Schemes;

namespace Robustify.Native.Workflows.Comparison;

/// <summary>One scheme under one seed, as a comparison would find it.</summary>
/// <param name="Seed">Its seed.</param>
/// <param name="Name">Its name.</param>
/// <param name="Kind">Its kind.</param>
/// <param name="State">What would happen.</param>
/// <param name="Images">Images that its training would show.</param>
/// <param name="Models">Models that would be measured of it.</param>
/// <param name="Answers">Images, each condition counted, that one of them answers of the data set's own.</param>
internal sealed record PlannedScheme(ulong Seed, string Name, string Kind, string State, long Images, int Models, long Answers)
{
    /// <summary>As a row under <see cref="ComparisonPlan.Columns"/>.</summary>
    public string[] Row =>
    [
        Seed.ToString(CultureInfo.InvariantCulture), Name, Kind, State, Images.ToString("N0", CultureInfo.InvariantCulture),
        Models.ToString(CultureInfo.InvariantCulture), Answers.ToString("N0", CultureInfo.InvariantCulture),
    ];
}

/// <summary>What a comparison would do, without doing any of it.</summary>
internal static class ComparisonPlan
{
    /// <summary>Titles of a scheme's row.</summary>
    public static IReadOnlyList<string> Columns { get; } = ["seed", "name", "scheme", "state", "images to train on", "models", "answers each"];

    /// <summary>Every scheme under every seed.</summary>
    public static IReadOnlyList<PlannedScheme> Of(ComparisonRecipe recipe, string output)
    {
        var data = recipe.OpenData(recipe.Seeds[0], images: null);
        int training = data.Train.Length, test = data.Test.Length;
        long conditions = recipe.Measure.Suites.Any(s => s.Name == SuiteNames.Corruption) ? recipe.Measure.Corruptions.Count * recipe.Measure.Severities.Count : 0;
        long answers = test + conditions * Math.Min(test, recipe.Measure.CorruptedImages ?? test);
        return
        [
            .. recipe.Seeds.SelectMany(seed => recipe.Schemes.Select(scheme =>
            {
                string state = StateOf(recipe, scheme, seed, Path.Combine(output, ComparisonWorkflow.FolderOf(seed), scheme.Name));
                bool isDone = state == Finished || !scheme.IsTrained;
                return new PlannedScheme(seed, scheme.Name, scheme.Kind, state, isDone ? 0 : scheme.PlannedImages(training), scheme.Models(name => name).Count(), answers);
            })),
        ];
    }

    private const string Finished = "finished";

    private static string StateOf(ComparisonRecipe recipe, Scheme scheme, ulong seed, string folder)
    {
        if (!scheme.IsTrained)
            return "as it is";
        var state = SchemeState.Read(folder);
        if (state is null)
            return "to do";
        if (state.Difference(ComparisonWorkflow.AllOptions(recipe, scheme, seed)) is { } difference)
            return "changed: " + difference;
        return state.Status == SchemeStatus.Finished ? Finished : "in part";
    }
}
