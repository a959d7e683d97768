using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Robustify.Cli.Options;
using Robustify.Cli.Reporting;
using Robustify.Kernels;
using Robustify.Kernels.Backends;
using Robustify.Native.Runs;

namespace Robustify.Cli;

/// <summary>The device, the progress bar and the description of one run of a verb.</summary>
internal sealed class Session : IDisposable
{
    private readonly ParseResult parse;
    private readonly RunSettings settings;
    private readonly OpenedDevice device;
    private readonly TerminalProgress? progress;

    /// <summary>Starts the device.</summary>
    public Session(Invocation invocation, ParseResult parse, RunSettings settings)
    {
        (Invocation, this.parse, this.settings) = (invocation, parse, settings);
        progress = invocation.ErrorIsTerminal ? new TerminalProgress(invocation.Error) : null;
        Action<string> say = progress is null ? invocation.Error.WriteLine : progress.WriteLine;
        device = OpenDevice(say);
        Context = new RunContext(device.Backend, device.Threads, (IProgressSink?)progress ?? SilentProgress.Instance, invocation.Cancellation, say)
        {
            Precision = settings.RunsModels ? settings.Precision.Of(parse) : Precision.Fp32,
        };
    }

    /// <summary>What the verb talks to.</summary>
    public Invocation Invocation { get; }

    /// <summary>What the workflow runs with.</summary>
    public RunContext Context { get; }

    /// <summary>Whether the result goes out as JSON.</summary>
    public bool IsJson => settings.Json.Of(parse);

    /// <summary>What results tell of the program and its call.</summary>
    public IReadOnlyList<(string Name, string Value)> Provenance =>
        [("seed", settings.Seed.Of(parse).ToString(CultureInfo.InvariantCulture)), ("version", CommandLine.Version), ("command", settings.Call(parse))];

    /// <summary>Writes the properties of run.json: everything needed to do the run again.</summary>
    public void Describe(Utf8JsonWriter json)
    {
        json.WriteString("verb", settings.Verb);
        json.WriteString("version", CommandLine.Version);
        if (settings.HasSeed)
            json.WriteNumber("seed", settings.Seed.Of(parse));
        json.WriteString("device", Context.Backend.Description);
        json.WriteNumber("workers", Context.Workers);
        settings.Write(json, parse);
    }

    /// <summary>Ends a verb that wrote a run directory: its results as JSON or as tables.</summary>
    /// <param name="tables">Prints the tables; null for those that results.json tells.</param>
    public int Finish(Action<TextWriter>? tables = null)
    {
        progress?.End();
        string run = Path.GetFullPath(settings.Out.Of(parse));
        string results = Path.Combine(run, "results.json");
        if (IsJson)
        {
            using var measured = JsonDocument.Parse(File.ReadAllBytes(results));
            JsonOutput.Write(Invocation.Out, json =>
            {
                json.WriteString("verb", settings.Verb);
                json.WriteString("out", run);
                json.WritePropertyName("results");
                measured.RootElement.WriteTo(json);
            });
            return ExitCode.Done;
        }

        if (tables is null)
            ResultsTable.Write(Invocation.Out, results);
        else
            tables(Invocation.Out);
        Invocation.Out.WriteLine($"run directory: {run}");
        return ExitCode.Done;
    }

    public void Dispose()
    {
        progress?.Dispose();
        device.Dispose();
    }

    private OpenedDevice OpenDevice(Action<string> say)
    {
        var choice = settings.Device.Of(parse);
        int workers = settings.Workers.Of(parse) ?? 0;
        var opened = OpenedDevice.Open(choice, workers, say);
        if (!settings.RunsModels || settings.Precision.Of(parse) == Precision.Fp32 || !opened.Backend.IsHostMemory)
            return opened;
        opened.Dispose();
        throw new RobustifyException("--precision bf16: the CPU computes in fp32 alone; use --device cuda or leave it out");
    }
}
