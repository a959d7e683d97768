using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Robustify.Native.Runs;
using Robustify.Native.Workflows.Benchmarks;

namespace Robustify.Native.Workflows.Comparison;

/// <summary>Whether models still serve on other data sets: the property <c>transfer</c> of a recipe, measured by the verb transfer's workflow.</summary>
/// <param name="Options">Models, output and seed are those of the comparison.</param>
internal sealed record TransferRecipe(TransferOptions Options)
{
    private const string FileName = "transfer.json";

    /// <summary>Reads the property; null where it is left out.</summary>
    public static TransferRecipe? Read(RecipeObject recipe)
    {
        if (recipe.Object("transfer") is not { } json)
            return null;
        var standard = new TransferOptions { Models = [], Data = [], Out = "" };
        var sets = json.Object("data") ?? throw json.Refuse($"{json.Path}.data", "nothing found, an object of names and data directories expected");
        var read = new TransferRecipe(standard with
        {
            Data = [.. sets.Names.Select(name => (name, sets.Text(name, null)))], Methods = json.List("methods", standard.Methods, json.ChoiceOf<TransferMethod>),
            Limit = json.OptionalWhole("limit", 1), TestLimit = json.OptionalWhole("test_limit", 1),
            Neighbors = json.List("neighbors", standard.Neighbors, (value, place) => json.WholeOf(value, place, 1, 10_000)),
            Epochs = json.Whole("epochs", standard.Epochs, 1, 100_000), Batch = json.Whole("batch", standard.Batch, 1, 65536),
            Rate = json.Number("rate", standard.Rate, 0, 1000),
        });
        json.RequireNothingElse();
        if (read.Options.Data.Count == 0 || read.Options.Methods.Count == 0)
            throw json.Refuse(json.Path, "no data set or no method found, at least one of each expected");
        return read;
    }

    /// <summary>
    /// Adds <c>models.NAME.transfer.DATA.METHOD</c> to a seed's results, from the file of an earlier run where models and options are the same.
    /// </summary>
    public void AddTo(JsonObject root, IReadOnlyList<(string Name, string Path)> models, ulong seed, RunContext context, RunDirectory directory, RunDirectory part)
    {
        var scores = KeptScores.Of(part, FileName, Key(models, seed), () => Scores(
            TransferWorkflow.Run(
                Options with { Models = models, Out = part.PathOf("transfer"), Cache = directory.PathOf("features"), Seed = seed }, context,
                json => json.WriteString("verb", "transfer")),
            models));
        foreach (var (name, own) in scores)
            root["models"]![name]!["transfer"] = own!.DeepClone();
    }

    // A split student has two kinds of features; those of its original tail stand beside the method.
    private static JsonObject Scores(TransferResults results, IReadOnlyList<(string Name, string Path)> models)
    {
        var all = new JsonObject();
        foreach (var score in results.Scores)
        {
            string model = models.Where(m => score.Model == m.Name || score.Model.StartsWith(m.Name + ", ", StringComparison.Ordinal)).MaxBy(m => m.Name.Length).Name;
            string method = score.Model == model ? score.Method : $"{score.Method}{score.Model[model.Length..]}";
            if (all[model] is not JsonObject own)
                all[model] = own = [];
            if (own[score.Data] is not JsonObject methods)
                own[score.Data] = methods = [];
            methods[method] = score.Top1;
        }

        return all;
    }

    private string Key(IReadOnlyList<(string Name, string Path)> models, ulong seed)
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"1 {seed} {Options.Limit} {Options.TestLimit} {Options.Epochs} {Options.Batch} {Options.Rate:R}\n");
        text.AppendJoin(',', Options.Methods).AppendJoin(',', Options.Neighbors).Append('\n');
        foreach (var (name, path) in Options.Data)
            text.Append(name).Append('=').Append(Path.GetFullPath(path)).Append('\n');
        foreach (var (name, path) in models)
            text.Append(name).Append('=').Append(AnswerFiles.DigestOfModel(path)).Append('\n');
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text.ToString())));
    }
}
