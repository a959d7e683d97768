using System.CommandLine;
using System.Globalization;
using Robustify.Cli.Options;
using Robustify.Cli.Reporting;
using Robustify.Kernels;
using Robustify.Native.Corruptions;
using Robustify.Native.Corruptions.Jobs;
using Robustify.Native.Corruptions.Weather;
using Robustify.Native.Data.Images;

namespace Robustify.Cli.Verbs;

/// <summary>Makes corrupted copies of a picture, of a folder of pictures, or a whole data set in the published layout.</summary>
internal static class CorruptVerb
{
    private const int Listed = 20;

    private static readonly CorruptionJobOptions Standard = new() { Input = "", Output = "", Corruptions = [], Severities = [] };

    public static Command Create(Invocation invocation)
    {
        var run = new RunSettings("corrupt", Standard.Seed);
        var input = new Argument<string>("IN") { Description = "a PNG, JPEG or WebP file, or a folder that holds such files at any depth" };
        var output = new Argument<string>("OUT")
        {
            Description = "the file to write (.png, .jpg, .jpeg) or a folder; several corruptions or severities go to OUT/corruption/severity",
        };
        var corruptions = new ListOption<string>(
            "--corruption", "NAME,...", $"all, benchmark (the first 15), held-out (the last four), or of {Names(CorruptionCatalog.All)}",
            "required, but all with --preview", () => [], ParseCorruptions, name => name);
        var severities = new ListOption<int>(
            "--severity", "N,...", $"1..{Corruption.MaxSeverity}", "all", () => [.. Enumerable.Range(1, Corruption.MaxSeverity)], ParseSeverities,
            severity => severity.ToString(CultureInfo.InvariantCulture));
        var preview = new FlagOption("--preview", "write one sheet that shows the picture IN under every corruption and severity, as PNG");
        var prepare = new ChoiceOption<Preparation>(
            "--prepare", "size a picture is brought to first, as for the published set of that name", Standard.Preparation);
        var frost = new TextOption(
            "--frost", "DIR", "folder with the overlays frost1 to frost5 of ImageNet-C", "drawn, not comparable with published figures", () => "");
        var format = new ChoiceOption<ImageEncoding>("--format", "what a folder's pictures are written as", Standard.Encoding);
        var quality = new NumberOption<int>("--quality", "quality of JPEG output; the published sets have 85", new(1, 100), Standard.Quality);
        var channels = new ChoiceOption<CorruptedChannels>(
            "--channels", "what the corruption works on; ImageNet-C was made with rgb throughout", CorruptedChannels.AsStored);
        var published = new FlagOption("--published-layout", "OUT/corruption/severity/path even for one corruption and severity");
        var strict = new FlagOption("--strict", "end at the first picture that cannot be used, instead of listing it at the end");
        var overwrite = new FlagOption("--overwrite", "make every file again, and replace those of another job");
        var command = new Command("corrupt", "Make corrupted copies of pictures, or a whole data set in the published layout.") { input, output };
        run.Add(command, corruptions, severities, preview, prepare, frost, format, quality, channels, published, strict, overwrite);
        run.AddCommon(command, writes: false, runsModels: false);
        command.SetAction(parse =>
        {
            using var session = new Session(invocation, parse, run);
            string frostFolder = frost.Of(parse);
            var overlays = frostFolder.Length == 0 ? FrostOverlays.Procedural : FrostOverlays.Read(frostFolder);
            string[] names = corruptions.Of(parse);
            if (names.Length == 0 && !preview.Of(parse))
                throw new RobustifyException("corrupt: no --corruption given; name one, several, or all");
            var options = Standard with
            {
                Input = parse.GetRequiredValue(input), Output = parse.GetRequiredValue(output), Severities = severities.Of(parse),
                Corruptions = [.. (names.Length == 0 ? ParseCorruptions("all") : names).Select(name => CorruptionCatalog.Find(name, overlays))],
                Seed = run.Seed.Of(parse), Workers = session.Context.Workers, Encoding = format.Of(parse), Quality = quality.Of(parse),
                Channels = Count(channels.Of(parse)), Preparation = prepare.Of(parse), PublishedLayout = published.Of(parse),
                Strict = strict.Of(parse), Overwrite = overwrite.Of(parse), Backend = session.Context.Backend,
            };
            if (preview.Of(parse))
                WritePreview(options, session);
            else
                Tell(Run(options, session), options, session);
            return ExitCode.Done;
        });
        return command;
    }

    private static CorruptionReport Run(CorruptionJobOptions options, Session session)
    {
        var progress = session.Context.Progress;
        bool begun = false;
        var report = CorruptionJob.Run(
            options,
            (done, total) =>
            {
                if (!begun)
                    progress.Begin(options.Corruptions.Count == 1 ? options.Corruptions[0].Name : "corrupt", total, "pictures");
                begun = true;
                progress.Report(done, double.NaN);
            },
            session.Context.Cancellation);
        progress.End();
        return report;
    }

    private static void Tell(CorruptionReport report, CorruptionJobOptions options, Session session)
    {
        if (session.IsJson)
        {
            JsonOutput.Write(session.Invocation.Out, json =>
            {
                session.Describe(json);
                json.WriteString("input", options.Input);
                json.WriteString("output", options.Output);
                json.WriteNumber("pictures", report.Written);
                json.WriteNumber("kept", report.Kept);
                json.WriteStartObject("unusable");
                foreach (var (path, reason) in report.Unusable)
                    json.WriteString(path, reason);
                json.WriteEndObject();
                json.WriteStartArray("passed_over");
                foreach (string path in report.PassedOver)
                    json.WriteStringValue(path);
                json.WriteEndArray();
                json.WriteStartArray("caveats");
                foreach (string caveat in report.Caveats)
                    json.WriteStringValue(caveat);
                json.WriteEndArray();
            });
            return;
        }

        var to = session.Invocation.Out;
        to.WriteLine($"{Pictures(report.Written)} written to {options.Output}");
        if (report.Kept > 0)
            to.WriteLine($"{Pictures(report.Kept)} kept from an earlier run; --overwrite makes them again");
        List(to, $"{Pictures(report.Unusable.Count)} could not be used:", [.. report.Unusable.Select(entry => entry.Reason)]);
        List(to, $"{report.PassedOver.Count} other file{(report.PassedOver.Count == 1 ? "" : "s")} passed over:", report.PassedOver);
        foreach (string caveat in report.Caveats)
            to.WriteLine(caveat);
    }

    private static void List(TextWriter to, string title, IReadOnlyList<string> lines)
    {
        if (lines.Count == 0)
            return;
        to.WriteLine(title);
        foreach (string line in lines.Take(Listed))
            to.WriteLine($"  {line}");
        if (lines.Count > Listed)
            to.WriteLine($"  and {lines.Count - Listed} more; corrupt.json in the output folder lists all");
    }

    private static void WritePreview(CorruptionJobOptions options, Session session)
    {
        if (ImageFile.EncodingOf(options.Output) != ImageEncoding.Png)
            throw new RobustifyException($"{options.Output}: the sheet of --preview is a PNG; give the output a name that ends in .png");
        var sheet = ContactSheet.Draw(ContactSheet.Read(options), options.Corruptions, options.Seed, options.Backend);
        ImageFile.Write(options.Output, sheet, ImageEncoding.Png);
        if (session.IsJson)
        {
            JsonOutput.Write(session.Invocation.Out, json =>
            {
                session.Describe(json);
                json.WriteString("sheet", options.Output);
            });
            return;
        }

        session.Invocation.Out.WriteLine($"{options.Corruptions.Count} x {Corruption.MaxSeverity} pictures on one sheet: {options.Output}");
        foreach (var corruption in options.Corruptions.Where(corruption => corruption.Caveat is not null))
            session.Invocation.Out.WriteLine($"{corruption.Name}: {corruption.Caveat}");
    }

    private static string[] ParseCorruptions(string word) =>
        [.. word.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).SelectMany(name => name switch
        {
            "all" => CorruptionCatalog.All.Select(corruption => corruption.Name),
            "benchmark" => CorruptionCatalog.Benchmark.Select(corruption => corruption.Name),
            "held-out" => CorruptionCatalog.HeldOut.Select(corruption => corruption.Name),
            _ => [CorruptionCatalog.Find(name).Name],
        })];

    private static int[] ParseSeverities(string word) =>
        [.. word.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Select(text =>
            int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int severity) && severity is >= 1 and <= Corruption.MaxSeverity
                ? severity
                : throw new RobustifyException($"'{text}' found, whole numbers 1..{Corruption.MaxSeverity} expected"))];

    private static string Names(IEnumerable<Corruption> corruptions) => string.Join(", ", corruptions.Select(corruption => corruption.Name));

    private static string Pictures(int count) => $"{count} picture{(count == 1 ? "" : "s")}";

    private static int Count(CorruptedChannels channels) => channels switch
    {
        CorruptedChannels.Grey => 1,
        CorruptedChannels.Rgb => 3,
        _ => ImageFile.ChannelsAsStored,
    };
}
