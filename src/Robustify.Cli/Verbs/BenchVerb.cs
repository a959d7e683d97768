using System.CommandLine;
using System.Globalization;
using Robustify.Cli.Options;
using Robustify.Cli.Reporting;
using Robustify.Kernels;
using Robustify.Native.Corruptions;
using Robustify.Native.Corruptions.Weather;
using Robustify.Native.Evaluation.Suites;
using Robustify.Native.Models;
using Robustify.Native.Workflows;

namespace Robustify.Cli.Verbs;

/// <summary>Measures trained models on clean and corrupted test images.</summary>
internal static class BenchVerb
{
    private const string BundledName = "original";

    private static readonly Dictionary<string, PreprocessingProtocol> Protocols = new(StringComparer.Ordinal)
    {
        ["checkpoint"] = PreprocessingProtocol.Checkpoint, ["hendrycks-224"] = PreprocessingProtocol.Hendrycks224, ["timm"] = PreprocessingProtocol.Timm, ["robustbench"] = PreprocessingProtocol.RobustBench,
    };

    private static readonly BenchmarkRunOptions Standard = new() { Models = [], Out = "" };

    public static Command Create(Invocation invocation)
    {
        var run = new RunSettings("bench", Standard.Seed);
        var models = new ListOption<NamedModel>(
            "--model", "NAME=MODEL", "safetensors file or run directory, with a name for the results if not its own; may be given several times",
            $"the bundled model as {BundledName}", () => [new(BundledName, BundledModel.Find())],
            word => [NamedModel.Parse(word)], model => $"{model.Name}={model.Path}");
        var corruptions = new ListOption<Corruption>(
            "--corruption", "NAME,...", $"of {string.Join(", ", CorruptionCatalog.All.Select(c => c.Name))}; or none", "all",
            () => [.. Standard.Corruptions], ParseCorruptions, corruption => corruption.Name);
        var severities = new ListOption<int>(
            "--severity", "N,...", $"1..{Corruption.MaxSeverity}", "all", () => [.. Standard.Severities], ParseSeverities,
            severity => severity.ToString(CultureInfo.InvariantCulture));
        var suites = new ListOption<BenchmarkSuite>(
            "--suite", "NAME[=DIR]", $"what to measure on, of {string.Join(", ", BenchmarkSuite.Forms)}; may be given several times", "clean, corruption",
            () => [.. Standard.Suites], word => [.. (word.Contains('=') ? [word] : word.Split(',')).Select(BenchmarkSuite.Parse)], suite => suite.ToString());
        var protocol = new ListOption<PreprocessingProtocol>(
            "--protocol", "NAME", "how images are brought to a model's size: checkpoint (as it asks for), hendrycks-224, timm or robustbench", "checkpoint", () => [Standard.Protocol],
            word => [ParseProtocol(word)], p => Protocols.First(k => k.Value == p).Key);
        var plan = MemoryReport.Option();
        var preprocessing = new PreprocessingSettings();
        var frost = new TextOption(
            "--frost", "DIR", "folder with the overlays frost1 to frost5 of ImageNet-C for frost made in memory", "drawn, not comparable with published figures",
            () => "");
        var data = RunSettings.DataOption();
        var testLimit = new OptionalNumberOption<int>("--test-limit", "test images at most, as many of each class", new(1, null), "all");
        var heldOut = new NumberOption<int>(
            "--held-out-of-test",
            "test images left out, half at most: as many as distill --held-out-from test --held-out set aside under the same seed",
            new(0, null), 0);
        var strict = new FlagOption("--strict", "end at a file that cannot be read and at a missing class or severity, instead of counting and listing it");
        var resume = new FlagOption("--resume", "go on where an earlier run in the same directory stopped");
        var command = new Command("bench", "Measure models on clean and corrupted test images, all on the same pixels.");
        command.Add(plan);
        run.Add(command, models, data, suites, protocol);
        preprocessing.AddTo(command, run);
        run.AddCommon(command, writes: true);
        run.Add(command, testLimit, heldOut, corruptions, severities, frost, strict, resume);
        command.SetAction(parse =>
        {
            string frostFolder = frost.Of(parse);
            var overlays = frostFolder.Length == 0 ? FrostOverlays.Procedural : FrostOverlays.Read(frostFolder);
            var options = Standard with
            {
                Models = [.. models.Of(parse).Select(m => (m.Name, m.Path))], Data = data.Of(parse), Out = run.Out.Of(parse),
                Overrides = preprocessing.Bind(parse), Seed = run.Seed.Of(parse), TestLimit = testLimit.Of(parse), HeldOutOfTest = heldOut.Of(parse),
                Corruptions = [.. corruptions.Of(parse).Select(c => CorruptionCatalog.Find(c.Name, overlays))], Severities = severities.Of(parse),
                Suites = suites.Of(parse), Protocol = protocol.Of(parse)[^1], Strict = strict.Of(parse), Resume = resume.Of(parse),
            };
            if (plan.Of(parse))
                return MemoryReport.Write(invocation, run, parse, BenchmarkWorkflow.Plan(options, run.Precision.Of(parse)));
            using var session = new Session(invocation, parse, run);
            BenchmarkWorkflow.Run(options with { Provenance = session.Provenance }, session.Context, session.Describe);
            return session.Finish();
        });
        return command;
    }

    private static PreprocessingProtocol ParseProtocol(string word) => Protocols.TryGetValue(word, out var protocol)
        ? protocol
        : throw new RobustifyException($"'{word}' found, one of {string.Join(", ", Protocols.Keys)} expected");

    private static Corruption[] ParseCorruptions(string word) => word == "none"
        ? []
        : [.. word.Split(',', StringSplitOptions.TrimEntries).Select(CorruptionCatalog.Find)];

    private static int[] ParseSeverities(string word) => [.. word.Split(',').Select(part =>
        int.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out int severity) && severity is >= 1 and <= Corruption.MaxSeverity
            ? severity
            : throw new RobustifyException($"'{part}' found, 1..{Corruption.MaxSeverity} expected"))];
}
