using System.Globalization;
using System.Text.Json;
using Robustify.Kernels.Backends;
using Robustify.Native.Files;
using Robustify.Native.Models;
using Robustify.Native.Workflows.Comparison.Schemes;

namespace Robustify.Native.Workflows.Comparison;

/// <summary>One option of a scheme at several values, all others as they are.</summary>
/// <param name="Name">The option; <c>selector</c> for the ways to choose a head, <c>small</c> for the model that the teacher is made of.</param>
/// <param name="Levels">The values and the schemes that have them; of <c>selector</c> the selectors, which all are of the varied scheme itself.</param>
internal sealed record AblationFactor(string Name, IReadOnlyList<(string Value, string Scheme)> Levels);

/// <summary>
/// The verb ablate's reading of a recipe: one scheme of it is varied, one option at a time, and trained and measured by the machinery of
/// compare beside what it stands on.
/// </summary>
/// <param name="Recipe">The original, what the varied scheme stands on, itself, and its variants.</param>
/// <param name="Base">Name of the varied scheme.</param>
/// <param name="Factors">What is varied.</param>
internal sealed record Ablation(ComparisonRecipe Recipe, string Base, IReadOnlyList<AblationFactor> Factors)
{
    /// <summary>The factor that trains nothing: the answers of all selectors are there.</summary>
    public const string Selector = "selector";

    private const string Teacher = "small";

    /// <summary>Reads a recipe with its property <c>ablate</c>; where that is left out the standard factors are taken.</summary>
    /// <exception cref="Kernels.RobustifyException">One line that names the place in the file, what was found and what was expected.</exception>
    public static Ablation Open(string file)
    {
        var root = RecipeObject.Open(file);
        var whole = ComparisonRecipe.Read(root);
        var ablate = root.Object("ablate");
        string name = ablate?.OptionalText("scheme") ?? whole.Schemes.FirstOrDefault(s => s.Kind == "distill")?.Name
            ?? throw root.Refuse("$.ablate.scheme", "nothing found, the name of a scheme expected, as the recipe has none of kind distill");
        var varied = whole.Schemes.FirstOrDefault(s => s.Name == name)
            ?? throw root.Refuse("$.ablate.scheme", $"'{OneLine.Of(name)}' found, one of {string.Join(", ", whole.Schemes.Select(s => s.Name))} expected");
        var objects = root.Objects("schemes", root.Object("defaults"));
        RecipeObject Of(Scheme scheme) => objects[whole.Schemes.ToList().IndexOf(scheme)];

        var foundation = Foundation(whole, varied).ToArray();
        var schemes = new List<RecipeObject>([.. whole.Schemes.Where(s => s.Kind == "original" || foundation.Contains(s)).Select(Of)]);
        var factors = new List<AblationFactor>();
        foreach (var (factor, values) in Wanted(ablate, varied))
        {
            if (factor == Selector)
            {
                factors.Add(new(factor, []));
                continue;
            }

            var levels = new List<(string, string)>();
            for (int i = 0; i < values.Count; i++)
            {
                string text = TextOf(values[i]), place = string.Create(CultureInfo.InvariantCulture, $"$.ablate.{factor}[{i}]");
                bool isBase = text == ValueOf(whole, varied, factor);
                levels.Add((text, isBase ? varied.Name : NameOf(factor, text)));
                if (!isBase)
                    schemes.AddRange(Variant(whole, varied, Of, factor, values[i], place));
            }

            factors.Add(new(factor, levels));
        }

        return new(ComparisonRecipe.Read(RecipeObject.Open(file), schemes), varied.Name, factors);
    }

    private static IEnumerable<Scheme> Foundation(ComparisonRecipe recipe, Scheme scheme) =>
        scheme.StandsOn.SelectMany(name => Foundation(recipe, recipe.Schemes.First(s => s.Name == name))).Append(scheme);

    /// <summary>The factors in the file's order, or the standard ones that the scheme has.</summary>
    private static IEnumerable<(string Factor, IReadOnlyList<JsonElement> Values)> Wanted(RecipeObject? ablate, Scheme varied)
    {
        string[] named = [.. (ablate?.Names ?? []).Where(n => n != "scheme" && (n != Selector || ablate!.Flag(n, true)))];
        if (named.Length == 0)
        {
            using var standard = JsonDocument.Parse(varied.Kind == "distill"
                ? $$"""
                    {
                      "tail_blocks": [1, 2, 3], "heads": [1, 2, 3], "temperature": [1, 2, 4], "lambda": [0, 0.1, 1],
                      "weighting": [{{string.Join(", ", Enum.GetValues<ConfidenceWeighting>().Select(w => $"\"{ChoiceWords.Of(w)}\""))}}], "selector": true
                    }
                    """
                : """{ "epochs": [1, 2] }""");
            return [.. standard.RootElement.Clone().EnumerateObject().Select(p => (p.Name, (IReadOnlyList<JsonElement>)(p.Value.ValueKind == JsonValueKind.Array ? [.. p.Value.EnumerateArray()] : [])))];
        }

        return [.. named.Select(n => (n, n == Selector ? [] : ablate!.List<JsonElement>(n, [], (value, _) => value)))];
    }

    private static IEnumerable<RecipeObject> Variant(
        ComparisonRecipe whole, Scheme varied, Func<Scheme, RecipeObject> of, string factor, JsonElement value, string place)
    {
        string name = NameOf(factor, TextOf(value));
        if (factor == Teacher)
        {
            var teacher = whole.Schemes.First(s => s.Name == ((varied as DistillationScheme)?.Teacher
                ?? throw of(varied).Refuse(place, $"'{varied.Name}' has no teacher; vary a scheme of kind distill")));
            yield return of(teacher).With(new Dictionary<string, JsonElement> { ["model"] = value, ["name"] = Json("teacher_" + name) }, place);
            yield return of(varied).With(new Dictionary<string, JsonElement> { ["teacher"] = Json("teacher_" + name), ["name"] = Json(name) }, place);
            yield break;
        }

        var replaced = new Dictionary<string, JsonElement> { [factor] = value, ["name"] = Json(name) };

        // One head leaves no clean head to keep apart.
        if (factor == "heads" && TextOf(value) == "1")
            replaced["tail"] = Json("shared");
        yield return of(varied).With(replaced, place);
    }

    // What is left out of a recipe has the model's own default.
    private static string ValueOf(ComparisonRecipe whole, Scheme varied, string factor) => factor switch
    {
        Teacher => varied is DistillationScheme student ? whole.Schemes.First(s => s.Name == student.Teacher).Options.GetValueOrDefault("model", whole.Small) : "",
        "tail_blocks" when !varied.Options.ContainsKey(factor) =>
            ModelSource.Resolve(whole.Large).Model.DefaultTailBlocks.ToString(CultureInfo.InvariantCulture),
        _ => varied.Options.GetValueOrDefault(factor, ""),
    };

    // As a resolved option has it, so that 1.0 and 1 are one value.
    private static string TextOf(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Number when value.TryGetDouble(out double number) => ((float)number).ToString("R", CultureInfo.InvariantCulture),
        JsonValueKind.String => value.GetString()!,
        _ => value.GetRawText(),
    };

    private static string NameOf(string factor, string value) =>
        $"{factor}={string.Concat(value.Select(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '_' or '+' ? c : '_'))}";

    private static JsonElement Json(string text)
    {
        using var document = JsonDocument.Parse($"\"{JsonEncodedText.Encode(text)}\"");
        return document.RootElement.Clone();
    }
}
