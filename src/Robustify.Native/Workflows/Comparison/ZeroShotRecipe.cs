using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Robustify.Kernels;
using Robustify.Native.Evaluation.ZeroShot;
using Robustify.Native.Models;
using Robustify.Native.Models.Clip;
using Robustify.Native.Runs;
using Robustify.Native.Workflows.Benchmarks;

namespace Robustify.Native.Workflows.Comparison;

/// <summary>
/// Whether CLIP models still know classes by name: the property <c>zeroshot</c> of a recipe, measured by the verb zeroshot's workflow on every model
/// whose image tower is CLIP's; the others have no text tower to go with.
/// </summary>
/// <param name="Options">Models and seed are those of the comparison.</param>
/// <param name="Names">Names of the label sets, in their order.</param>
internal sealed record ZeroShotRecipe(ZeroShotRunOptions Options, IReadOnlyList<string> Names)
{
    private const string FileName = "zeroshot.json";

    /// <summary>Reads the property; null where it is left out.</summary>
    public static ZeroShotRecipe? Read(RecipeObject recipe)
    {
        if (recipe.Object("zeroshot") is not { } json)
            return null;
        var sets = json.Object("data") ?? throw json.Refuse($"{json.Path}.data", "nothing found, an object of names and data directories expected");
        var classes = json.Object("classes");
        string[] names = [.. sets.Names];
        var read = new ZeroShotRecipe(
            new ZeroShotRunOptions
            {
                Models = [], TextModel = json.Text("text_model", null), TestLimit = json.OptionalWhole("test_limit", 1),
                Data = [.. names.Select(name => new LabelSet(sets.Text(name, null), classes?.OptionalText(name)))],
                ZeroShot = new() { Templates = Templates(json, json.Text("templates", "simple")) },
            },
            names);
        classes?.RequireNothingElse();
        json.RequireNothingElse();
        return names.Length > 0 ? read : throw json.Refuse($"{json.Path}.data", "an empty object found, at least one data set expected");
    }

    /// <summary>Adds <c>models.NAME.zeroshot.DATA</c>, top-1, to a seed's results.</summary>
    public void AddTo(JsonObject root, IReadOnlyList<(string Name, string Path)> models, RunContext context, RunDirectory part)
    {
        (string Name, string Path)[] towers = [.. models.Where(m => ModelSource.Resolve(m.Path).Model is IClipImageModel)];
        foreach (string name in models.Select(m => m.Name).Except(towers.Select(t => t.Name)))
            context.Message($"zeroshot: {name} has no tower of CLIP's and is left out");
        if (towers.Length == 0)
            return;
        var scores = KeptScores.Of(part, FileName, Key(towers), () => Measure(towers, context));
        foreach (var (name, own) in scores)
            root["models"]![name]!["zeroshot"] = own!.DeepClone();
    }

    private JsonObject Measure((string Name, string Path)[] towers, RunContext context)
    {
        var all = new JsonObject();
        foreach (var (name, set) in Names.Zip(Options.Data))
        {
            foreach (var result in ZeroShotWorkflow.Run(Options with { Models = towers, Data = [set] }, context))
            {
                if (all[result.Model] is not JsonObject own)
                    all[result.Model] = own = [];
                own[name] = result.Top1;
            }
        }

        return all;
    }

    private static IReadOnlyList<string> Templates(RecipeObject json, string templates)
    {
        try
        {
            return PromptTemplates.Of(templates);
        }
        catch (RobustifyException refused)
        {
            throw json.Refuse($"{json.Path}.templates", refused.Message);
        }
    }

    private string Key((string Name, string Path)[] towers)
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"1 {Options.TestLimit} {Options.Seed} {AnswerFiles.DigestOfModel(Options.TextModel!)}\n").AppendJoin('\n', Options.ZeroShot.Templates).Append('\n');
        foreach (var (name, set) in Names.Zip(Options.Data))
            text.Append(name).Append('=').Append(Path.GetFullPath(set.Path!)).Append(' ').Append(set.ClassesFile is { } file && File.Exists(file) ? File.ReadAllText(file) : set.ClassesFile).Append('\n');
        foreach (var (name, path) in towers)
            text.Append(name).Append('=').Append(AnswerFiles.DigestOfModel(path)).Append('\n');
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text.ToString())));
    }
}
