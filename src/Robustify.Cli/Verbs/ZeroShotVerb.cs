using System.CommandLine;
using System.Globalization;
using Robustify.Cli.Options;
using Robustify.Cli.Reporting;
using Robustify.Kernels;
using Robustify.Native.Data.Sources;
using Robustify.Native.Workflows;

namespace Robustify.Cli.Verbs;

/// <summary>Measures CLIP models on classes that they know by name alone.</summary>
internal static class ZeroShotVerb
{
    public static Command Create(Invocation invocation)
    {
        var run = new RunSettings("zeroshot", seed: 0);
        var models = new ListOption<NamedModel>(
            "--model", "[NAME=]MODEL", "CLIP checkpoint, or the run that distilled one; several are compared", "required",
            () => throw new RobustifyException("--model: missing, a CLIP checkpoint expected"), word => [NamedModel.Parse(word)], m => $"{m.Name}={m.Path}");
        var textModel = new TextOption("--text-model", "MODEL", "CLIP checkpoint whose text tower describes the classes", "the first model that has one", () => "");
        var data = new ListOption<string>(
            "--data", "DIR", "data sets with their class names as any verb takes them; several are measured one by one",
            "the bundled Fashion-MNIST subset, or none where --classes and --save are given", () => [], word => [word], path => path);
        var classes = new ListOption<string>(
            "--classes", "FILE|imagenet", "class names in the order of the labels, one a line, or WordNet ids with names; one file for each data set",
            "the data's own, blanks for underscores; ImageNet's in words", () => [], word => [word], path => path);
        var testLimit = new OptionalNumberOption<int>("--test-limit", "images of a data set at most, as many of each class", new(1, null), "all");
        var whole = new FlagOption(
            "--whole", "measure all images of a folder without train and test parts, not the fifth that training leaves out; for models not trained on it");
        var save = new TextOption("--save", "FILE", "write the classifier, which every verb takes for a model", "nothing is written", () => "");
        var settings = new ZeroShotSettings();
        var command = new Command("zeroshot", "Measure CLIP models on classes they know by name alone, and make classifiers of them.");
        run.Add(command, models, textModel, data, classes);
        settings.AddTo(command, run);
        run.Add(command, testLimit, whole, save);
        run.AddCommon(command, writes: false);
        command.SetAction(parse =>
        {
            string? file = save.Of(parse) is { Length: > 0 } path ? path : null;
            var options = new ZeroShotRunOptions
            {
                Models = [.. models.Of(parse).Select(m => (m.Name, m.Path))], TextModel = textModel.Of(parse) is { Length: > 0 } text ? text : null,
                Data = LabelSets(data.Of(parse), classes.Of(parse), file is not null), ZeroShot = settings.Of(parse),
                Activation = ActivationOption.Of(settings.Activation, parse), Seed = run.Seed.Of(parse), TestLimit = testLimit.Of(parse), Whole = whole.Of(parse), Save = file,
            };
            using var session = new Session(invocation, parse, run);
            var results = ZeroShotWorkflow.Run(options, session.Context);
            if (session.IsJson)
                WriteJson(invocation.Out, session, results, file);
            else
                Write(invocation.Out, results, options.Models.Count, file);
            return ExitCode.Done;
        });
        return command;
    }

    private static LabelSet[] LabelSets(string[] data, string[] classes, bool saves)
    {
        if (data.Length == 0 && classes.Length == 1 && saves)
            return [new(null, classes[0])];
        if (data.Length == 0)
            data = [DataDirectory.Default()];
        if (classes.Length > 0 && classes.Length != data.Length)
            throw new RobustifyException($"--classes: {classes.Length} files found for {data.Length} data sets, one each expected or none");
        return [.. data.Select((path, i) => new LabelSet(path, classes.Length > 0 ? classes[i] : null))];
    }

    private static void WriteJson(TextWriter output, Session session, IReadOnlyList<ZeroShotResult> results, string? saved) => JsonOutput.Write(output, json =>
    {
        session.Describe(json);
        json.WriteStartArray("results");
        foreach (var result in results)
        {
            json.WriteStartObject();
            json.WriteString("model", result.Model);
            json.WriteString("data", result.Data);
            json.WriteNumber("classes", result.Classes);
            json.WriteNumber("images", result.Images);
            json.WriteNumber("top1", result.Top1);
            json.WriteNumber("top5", result.Top5);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        if (saved is not null)
            json.WriteString("saved", saved);
    });

    /// <summary>A row for each data set; with several models, what the last has more than the first.</summary>
    private static void Write(TextWriter output, IReadOnlyList<ZeroShotResult> results, int models, string? saved)
    {
        if (results.Count > 0)
        {
            string[] names = [.. results.Take(models).Select(r => r.Model)];
            string[] columns = ["data", "classes", "images", .. names.SelectMany(n => new[] { $"{n} top-1", $"{n} top-5" }), .. models > 1 ? ["gain top-1"] : (string[])[]];
            TextTable.Write(output, columns, results.Chunk(models).Select(row => (string[])
            [
                row[0].Data, Number(row[0].Classes), Number(row[0].Images), .. row.SelectMany(r => new[] { Percent(r.Top1), Percent(r.Top5) }),
                .. models > 1 ? [(100 * (row[^1].Top1 - row[0].Top1)).ToString("+0.0;-0.0;0.0", CultureInfo.InvariantCulture)] : (string[])[],
            ]));
        }

        if (saved is not null)
            output.WriteLine($"{saved} written");
    }

    private static string Percent(double fraction) => (100 * fraction).ToString("F1", CultureInfo.InvariantCulture);

    private static string Number(long value) => value.ToString(CultureInfo.InvariantCulture);
}
