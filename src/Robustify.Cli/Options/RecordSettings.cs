using System.CommandLine;
using Robustify.Native.Training;

namespace Robustify.Cli.Options;

/// <summary>What a training run writes down on its way, and whether it goes on from there.</summary>
internal sealed class RecordSettings
{
    private static readonly RecordOptions Standard = new();

    private readonly FlagOption resume = new(
        "--resume", "continue the run in --out from its last saved step, with the same options; the result is the undisturbed run's to the bit");

    private readonly NumberOption<int> saveEvery = new(
        "--save-every", "steps between two savings of model and state; the end of an epoch is saved too", new(1, null), Standard.SaveEvery);

    private readonly NumberOption<int> keep = new(
        "--keep", "models of the last savings that stay in checkpoints/ beside the newest", new(0, null), Standard.Keep);

    private readonly NumberOption<int> logEvery = new(
        "--log-every", "steps between two lines of metrics.jsonl; the end of an epoch has a line too", new(1, null), Standard.LogEvery);

    public void AddTo(Command command, RunSettings run) => run.Add(command, resume, saveEvery, keep, logEvery);

    public bool Resume(ParseResult parse) => resume.Of(parse);

    public RecordOptions Bind(ParseResult parse) => new() { SaveEvery = saveEvery.Of(parse), Keep = keep.Of(parse), LogEvery = logEvery.Of(parse) };
}
