using System.CommandLine;
using Robustify.Cli.Options;
using Robustify.Cli.Reporting;
using Robustify.Native.Models;
using Robustify.Native.Workflows;

namespace Robustify.Cli.Verbs;

/// <summary>The whole method on bundled photographs and a bundled pretrained model, ending in a table.</summary>
internal static class QuickstartVerb
{
    private static readonly QuickstartOptions Standard = new() { Out = "" };

    public static Command Create(Invocation invocation)
    {
        var run = new RunSettings("quickstart", Standard.Seed);
        var size = new ChoiceOption<QuickstartSize>(
            "--size", "how much is trained and measured: under a minute, a few minutes, or all bundled images", Standard.Size);
        var model = new TextOption(
            "--model", "MODEL", "the pretrained large model: safetensors file or run directory", "the bundled model", BundledModel.Find);
        var images = new OptionalNumberOption<int>("--images", "training images of each phase, as many of each class", new(20, null), "as --size says");
        var testImages = new OptionalNumberOption<int>("--test-images", "clean test images, as many of each class", new(1, null), "as --size says");
        var corruptedImages = new OptionalNumberOption<int>(
            "--corrupted-images", "test images measured under every corruption and severity; 0 for none", new(0, null), "as --size says");
        var data = RunSettings.DataOption();
        var record = new RecordSettings();
        var command = new Command("quickstart", "Watch a pretrained model become robust: teacher, distillation, comparison, benchmark, table.");
        run.Add(command, size);
        run.AddCommon(command, writes: true);
        record.AddTo(command, run);
        run.Add(command, model, data, images, testImages, corruptedImages);
        command.SetAction(parse =>
        {
            using var session = new Session(invocation, parse, run);
            var options = Standard with
            {
                Size = size.Of(parse), Seed = run.Seed.Of(parse), Out = run.Out.Of(parse), Data = data.Of(parse), Model = model.Of(parse),
                Images = images.Of(parse), TestImages = testImages.Of(parse), CorruptedImages = corruptedImages.Of(parse),
                Resume = record.Resume(parse), Record = record.Bind(parse),
            };
            var result = QuickstartWorkflow.Run(options, session.Context, session.Describe);
            return session.Finish(output => Write(output, result));
        });
        return command;
    }

    private static void Write(TextWriter output, QuickstartResult result)
    {
        output.WriteLine("Top-1 accuracy in percent; a corruption's row is the mean over severities 1 to 5.");
        TextTable.Write(output, QuickstartReport.Columns, QuickstartReport.Rows(result));
        TextTable.Write(output, QuickstartReport.CostColumns, QuickstartReport.CostRows(result));
        output.WriteLine(QuickstartReport.HeadShares(result));
    }
}
