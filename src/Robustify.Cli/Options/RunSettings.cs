using System.CommandLine;
using System.Text.Json;
using Robustify.Kernels;
using Robustify.Kernels.Backends;
using Robustify.Native.Data.Sources;

namespace Robustify.Cli.Options;

/// <summary>The options of every verb that computes.</summary>
internal sealed class RunSettings
{
    // A thread has a scratch of its own: beyond this many, memory is lost for nothing.
    private const int MostWorkers = 1024;

    private readonly List<ISetting> settings = [];

    /// <param name="verb">Names the default run directory.</param>
    /// <param name="seed">The default seed.</param>
    public RunSettings(string verb, ulong seed)
    {
        Verb = verb;
        string standard = Path.Combine("runs", verb);
        Out = new TextOption("--out", "DIR", "run directory; files of an earlier run in it are replaced", standard, () => standard);
        Seed = new NumberOption<ulong>("--seed", "key of every random draw", new(0, ulong.MaxValue), seed);
    }

    /// <summary>The verb's name.</summary>
    public string Verb { get; }

    public TextOption Out { get; }

    public NumberOption<ulong> Seed { get; }

    public ChoiceOption<DeviceChoice> Device { get; } =
        new("--device", "where to compute; auto is the first CUDA device where one can be used, else the CPU", DeviceChoice.Auto);

    public ChoiceOption<Precision> Precision { get; } = new(
        "--precision", "fp32 throughout, or on CUDA bf16 for activations and the matrices they meet, with fp32 sums, parameters and losses", Kernels.Backends.Precision.Fp32);

    public OptionalNumberOption<int> Workers { get; } = new(
        "--workers", "threads that compute, and as many that prepare data; no result depends on it", new(1, MostWorkers), "one a processor");

    public FlagOption Json { get; } = new("--json", "print the result as one JSON object on stdout, and nothing else there");

    /// <summary>The default data set where none is named.</summary>
    public static TextOption DataOption() => new(
        "--data", "DIR", "directory with IDX files, CIFAR binary files or a folder of pictures per class", "the bundled Fashion-MNIST subset",
        DataDirectory.Default);

    /// <summary>Adds an option that is recorded in run.json.</summary>
    public void Add(Command command, params ReadOnlySpan<Option> options)
    {
        foreach (var option in options)
        {
            command.Add(option);
            settings.Add((ISetting)option);
        }
    }

    /// <summary>Whether the verb runs a model, and so has a precision.</summary>
    public bool RunsModels { get; private set; }

    /// <summary>Whether the verb has one seed; else its file names several.</summary>
    public bool HasSeed { get; private set; }

    /// <summary>
    /// Adds device, workers and JSON output; with <paramref name="writes"/> a run directory too, with <paramref name="runsModels"/> the
    /// precision, with <paramref name="hasSeed"/> the seed.
    /// </summary>
    public void AddCommon(Command command, bool writes, bool runsModels = true, bool hasSeed = true)
    {
        (RunsModels, HasSeed) = (runsModels, hasSeed);
        if (writes)
            Add(command, Out);
        if (hasSeed)
            Add(command, Seed);
        Add(command, Device);
        if (runsModels)
            Add(command, Precision);
        Add(command, Workers, Json);
    }

    /// <summary>Whether the run would compute on CUDA. Where CUDA is asked for there need be none: a plan is made for it all the same.</summary>
    public bool ComputesOnCuda(ParseResult parse) => OpenedDevice.IsCuda(Device.Of(parse));

    /// <summary>
    /// The call in words, for results: the options that were given, without those that no figure depends on, so that a run has the same
    /// results wherever it is written, on any number of workers, and after a resume.
    /// </summary>
    public string Call(ParseResult parse)
    {
        string[] ofNoFigure = [Out.Name, Workers.Name, Json.Name, "--resume"];
        var words = new List<string> { "robustify", Verb };
        foreach (var option in settings.Cast<Option>().Where(o => !ofNoFigure.Contains(o.Name)))
        {
            if (parse.GetResult(option) is not { Implicit: false } given)
                continue;
            words.AddRange(given.Tokens.Count == 0 ? [option.Name] : given.Tokens.SelectMany(t => (string[])[option.Name, Quoted(t.Value)]));
        }

        return string.Join(' ', words);
    }

    // As a POSIX shell takes it.
    private static string Quoted(string word) => word.Length > 0 && word.All(c => char.IsAsciiLetterOrDigit(c) || "_.,:=@%+/-".Contains(c))
        ? word
        : $"'{word.Replace("'", "'\\''", StringComparison.Ordinal)}'";

    /// <summary>Writes every option with its resolved value as one object.</summary>
    public void Write(Utf8JsonWriter json, ParseResult parse)
    {
        json.WriteStartObject("options");
        foreach (var setting in settings)
            setting.Write(json, parse);
        json.WriteEndObject();
    }
}
