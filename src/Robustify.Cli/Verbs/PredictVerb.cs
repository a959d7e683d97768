using System.CommandLine;
using System.Globalization;
using Robustify.Cli.Options;
using Robustify.Cli.Reporting;
using Robustify.Native.Models;
using Robustify.Native.Workflows;

namespace Robustify.Cli.Verbs;

/// <summary>Says what a model sees in pictures.</summary>
internal static class PredictVerb
{
    private static readonly PredictionOptions Standard = new() { Model = "", Inputs = [] };

    public static Command Create(Invocation invocation)
    {
        var run = new RunSettings("predict", seed: 0);
        var inputs = new Argument<string[]>("PICTURE")
        {
            Description = "PNG, JPEG or WebP files, or folders that hold such files at any depth", Arity = ArgumentArity.OneOrMore,
        };
        var model = new TextOption("--model", "MODEL", "safetensors file or run directory", "the bundled model", BundledModel.Find);
        var data = new TextOption(
            "--data", "DIR", "data set the model was trained on, for its class names", "Fashion-MNIST for a model that fits it, else numbers", () => "");
        var preprocessing = new PreprocessingSettings();
        var top = new NumberOption<int>("--top", "classes told for each picture", new(1, null), Standard.Top);
        var command = new Command("predict", "Say what a model sees in pictures, and which head answered where it has three.") { inputs };
        run.Add(command, model, data, top);
        preprocessing.AddTo(command, run);
        run.AddCommon(command, writes: false);
        command.SetAction(parse =>
        {
            using var session = new Session(invocation, parse, run);
            var options = Standard with
            {
                Model = model.Of(parse), Inputs = parse.GetRequiredValue(inputs), Top = top.Of(parse), Overrides = preprocessing.Bind(parse),
                Data = data.Of(parse) is { Length: > 0 } folder ? folder : null,
            };
            var predictions = PredictionWorkflow.Run(options, session.Context);
            if (session.IsJson)
                WriteJson(invocation.Out, session, predictions);
            else
                WriteTable(invocation.Out, predictions);
            return ExitCode.Done;
        });
        return command;
    }

    private static void WriteJson(TextWriter output, Session session, IReadOnlyList<Prediction> predictions) => JsonOutput.Write(output, json =>
    {
        session.Describe(json);
        json.WriteStartArray("predictions");
        foreach (var prediction in predictions)
        {
            json.WriteStartObject();
            json.WriteString("file", prediction.File);
            if (prediction.Head is not null)
                json.WriteString("head", prediction.Head);
            json.WriteStartArray("classes");
            foreach (var (number, name, probability) in prediction.Classes)
            {
                json.WriteStartObject();
                json.WriteNumber("class", number);
                json.WriteString("name", name);
                json.WriteNumber("probability", probability);
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        json.WriteEndArray();
        if (PredictionWorkflow.HeadShares(predictions) is not { Count: > 0 } shares)
            return;
        json.WriteStartObject("heads");
        foreach (var (head, share) in shares)
            json.WriteNumber(head, share);
        json.WriteEndObject();
    });

    private static void WriteTable(TextWriter output, IReadOnlyList<Prediction> predictions)
    {
        foreach (var prediction in predictions)
        {
            var classes = prediction.Classes.Select(c => string.Create(CultureInfo.InvariantCulture, $"{c.Name} {100 * c.Probability:F1} %"));
            string head = prediction.Head is null ? "" : $" ({prediction.Head} head)";
            output.WriteLine($"{prediction.File}: {string.Join(", ", classes)}{head}");
        }

        var shares = PredictionWorkflow.HeadShares(predictions);
        if (predictions.Count > 1 && shares.Count > 0)
        {
            output.WriteLine("heads chosen: " + string.Join(
                ", ", shares.Select(s => string.Create(CultureInfo.InvariantCulture, $"{s.Head} {100 * s.Share:F1} %"))));
        }
    }
}
