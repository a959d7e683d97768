using System.CommandLine;
using Robustify.Cli.Options;
using Robustify.Cli.Reporting;
using Robustify.Native.Corruptions;
using Robustify.Native.Corruptions.Jobs;
using Robustify.Native.Data.Images;

namespace Robustify.Cli.Verbs;

/// <summary>Makes corrupted copies of a picture or of a folder of pictures.</summary>
internal static class CorruptVerb
{
    private static readonly CorruptionJobOptions Standard = new() { Input = "", Output = "", Corruption = "", Severity = 1 };

    public static Command Create(Invocation invocation)
    {
        var run = new RunSettings("corrupt", Standard.Seed);
        var input = new Argument<string>("IN") { Description = "a PNG, JPEG or WebP file, or a folder that holds such files at any depth" };
        var output = new Argument<string>("OUT")
        {
            Description = "the file to write (.png, .jpg, .jpeg) or an existing folder; for a folder, the folder that takes the same paths",
        };
        var corruption = new TextOption(
            "--corruption", "NAME", $"one of {string.Join(", ", CorruptionCatalog.All.Select(c => c.Name))}", "", null);
        var severity = new OptionalNumberOption<int>("--severity", "how strongly", new(1, Corruption.MaxSeverity), "none: required")
        {
            Required = true,
        };
        var format = new ChoiceOption<ImageEncoding>("--format", "what a folder's pictures are written as", Standard.Encoding);
        var quality = new NumberOption<int>("--quality", "quality of JPEG output", new(1, 100), Standard.Quality);
        var channels = new ChoiceOption<CorruptedChannels>(
            "--channels", "what the corruption works on; ImageNet-C was made with rgb throughout", CorruptedChannels.AsStored);
        var command = new Command("corrupt", "Make corrupted copies of a picture or of a folder of pictures.") { input, output };
        run.Add(command, corruption, severity, format, quality, channels);
        run.AddCommon(command, writes: false, runsModels: false);
        command.SetAction(parse =>
        {
            using var session = new Session(invocation, parse, run);
            var options = Standard with
            {
                Input = parse.GetRequiredValue(input), Output = parse.GetRequiredValue(output), Corruption = corruption.Of(parse),
                Severity = severity.Of(parse)!.Value, Seed = run.Seed.Of(parse), Workers = session.Context.Workers,
                Encoding = format.Of(parse), Quality = quality.Of(parse), Channels = Count(channels.Of(parse)),
            };
            int written = Run(options, session);
            if (session.IsJson)
                JsonOutput.Write(invocation.Out, json =>
                {
                    session.Describe(json);
                    json.WriteString("input", options.Input);
                    json.WriteString("output", options.Output);
                    json.WriteNumber("pictures", written);
                });
            else
                invocation.Out.WriteLine($"{written} picture{(written == 1 ? "" : "s")} written to {options.Output}");
            return ExitCode.Done;
        });
        return command;
    }

    private static int Run(CorruptionJobOptions options, Session session)
    {
        var progress = session.Context.Progress;
        bool begun = false;
        int written = CorruptionJob.Run(
            options,
            (done, total) =>
            {
                if (!begun)
                    progress.Begin(options.Corruption, total, "pictures");
                begun = true;
                progress.Report(done, double.NaN);
            },
            session.Context.Cancellation);
        progress.End();
        return written;
    }

    private static int Count(CorruptedChannels channels) => channels switch
    {
        CorruptedChannels.Grey => 1,
        CorruptedChannels.Rgb => 3,
        _ => ImageFile.ChannelsAsStored,
    };
}
